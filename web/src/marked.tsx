// A text with the words marked that a search found in it. The text stays text: marks are elements of their own.
import type { ComponentChildren } from "preact";

/** A word, or what belongs together without a space: `CVE-2024-1234`, `bob@example.com`. */
const WORD = /[\p{L}\p{N}]+(?:[-_.@'’:/][\p{L}\p{N}]+)*/gu;
const PART = /[\p{L}\p{N}]+/gu;
/** Endings that a stem of three letters, and a longer one, may lack. */
const ENDING_SHORT = 3;
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
  return text.length - stem.length <= (stem.length === 3 ? ENDING_SHORT : ENDING);
}

function pieces(text: string, pattern: RegExp, terms: string[], rest: (text: string) => ComponentChildren): ComponentChildren[] {
  const made: ComponentChildren[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(pattern)) {
    made.push(text.slice(from, index), terms.some((term) => isTerm(word, term)) ? <mark>{word}</mark> : rest(word));
    from = index + word.length;
  }
  return [...made, text.slice(from)];
}

export const Marked = ({ text, terms }: { text: string; terms: string[] }) =>
  <>{terms.length ? pieces(text, WORD, terms, (word) => pieces(word, PART, terms, (part) => part)) : text}</>;
