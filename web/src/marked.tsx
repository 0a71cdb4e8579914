// A text with the words marked that a search found in it. The text stays text: marks are elements of their own.
import type { ComponentChildren } from "preact";

/** A word, or what belongs together without a space: `CVE-2024-1234`, `bob@example.com`. */
const WORD = /[\p{L}\p{N}]+(?:[-_.@'’:/][\p{L}\p{N}]+)*/gu;
const PART = /[\p{L}\p{N}]+/gu;
/** Endings that a stem of three letters may lack, as few words of four or five letters are of one stem; a longer one may lack so many letters. */
const ENDINGS_SHORT = /^(s|es|ed|ing|er|ers)$/;
const ENDING = 7;

const folded = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Whether a word is what the server calls `term`: a stem (Snowball), or a prefix that ends in `*`. */
export function isTerm(word: string, term: string): boolean {
  const text = folded(word);
  if (term.endsWith("*")) return text.startsWith(term.slice(0, -1));
  if (text === term) return true;
  // Snowball makes `happy` and `happiness` `happi`.
  const stem = term.endsWith("i") && !text.startsWith(term) ? `${term.slice(0, -1)}y` : term;
  if (!text.startsWith(stem) || stem.length < 3) return false;
  const ending = text.slice(stem.length);
  return stem.length === 3 ? ENDINGS_SHORT.test(ending) : ending.length <= ENDING;
}

export interface Term { term: string; score: number }

/** The ground of a word: the more it added, the stronger. Words that nearly all texts have add little. */
export const ground = (score: number, most: number) => ({ background: `color-mix(in srgb, var(--c5) ${Math.round(6 + (34 * score) / (most || 1))}%, transparent)` });
export const most = (terms: Term[]): number => Math.max(0, ...terms.map(({ score }) => score));

function pieces(text: string, pattern: RegExp, terms: Term[], rest: (text: string) => ComponentChildren): ComponentChildren[] {
  const made: ComponentChildren[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(pattern)) {
    const found = terms.find(({ term }) => isTerm(word, term));
    made.push(text.slice(from, index), found ? <mark style={ground(found.score, most(terms))}>{word}</mark> : rest(word));
    from = index + word.length;
  }
  return [...made, text.slice(from)];
}

export const Marked = ({ text, terms }: { text: string; terms: Term[] }) =>
  <>{terms.length ? pieces(text, WORD, terms, (word) => pieces(word, PART, terms, (part) => part)) : text}</>;
