//! A query's best documents: MaxScore (Turtle and Flood 1995) over windows of documents, as Lucene
//! and tantivy do it today.
//!
//! Once `k` documents are known, words that add little cannot together lift another document among
//! them: only documents with one of the others are looked at, and the weak words are looked up for
//! those. Most documents have a word once, and what a word adds that comes twice is much more: the
//! documents that repeat a word are a list of their own, which is looked at for longer than the
//! whole (as Strohman, Turtle and Croft 2005 keep the best documents of each list apart).

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use roaring::RoaringBitmap;

use super::marks::{Held, Marks};
use super::query::{Occur, Part, parse};
use super::{
    Hit, MAX_PREFIX_SCAN, MAX_PREFIX_TERMS, MAX_QUERY_BYTES, MAX_QUERY_CLAUSES, Name, Ordinal,
    Postings, TermId, TermScore, Tops,
};
use crate::question::Asked;
use crate::words::{fold, forms};

/// So many documents are summed up at a time.
const WINDOW: usize = 2048;
/// So many documents of the rarest words are scored first, to begin with a bound.
const MIN_PRIMED: usize = 96;
/// With a larger `k` no bound is looked for first.
const MAX_PRIMED_K: usize = 512;
/// Bounds are sums in another order than scores; what differs is far below this.
const SLACK: f64 = 1.0 + 1e-6;
/// A document of at most so many words is read, in a longer one words are looked up.
const MAX_READ: u32 = 128;
/// Places of the table in which the words of a document that is read are looked up.
const PLACES: usize = 128;
/// Documents of each length below this have bounds of their own.
const LENGTHS: usize = 32;
/// A document is read before words are looked up that can add less than this share of what it needs.
const LITTLE: f64 = 1.0 / 64.0;
/// What a word adds that comes once is known by heart for documents of fewer words than this.
const KNOWN: usize = 128;
/// Documents of a list that are compared at a time.
const NEAR: usize = 16;
/// A filter with so many times fewer documents than there are postings is walked itself.
const FILTER_COST: u64 = 8;

/// What is asked of a query.
pub(super) struct Ask<'a> {
    pub(super) k: usize,
    pub(super) filter: Option<&'a RoaringBitmap>,
    pub(super) explain: bool,
}

/// A query against these postings.
#[derive(Default)]
pub(super) struct Plan<'a> {
    clauses: Vec<Clause<'a>>,
    /// Places in `clauses` that a document must have.
    must: Vec<usize>,
    must_not: Vec<Clause<'a>>,
    phrases: Vec<Vec<TermId>>,
    no_phrases: Vec<Vec<TermId>>,
    /// It asks for a word that no document has.
    impossible: bool,
}

/// The documents of a word, or of all words with a prefix.
struct Clause<'a> {
    name: String,
    /// The word, where it is one.
    term: Option<TermId>,
    ordinals: Cow<'a, [Ordinal]>,
    frequencies: Cow<'a, [u16]>,
    /// Places of the documents that have it more than once.
    repeats: Cow<'a, [u32]>,
    /// Nothing for all words with a prefix.
    marks: Option<&'a Marks>,
    documents: u32,
    /// Inverse document frequency, `k1 + 1`, and how often the query has it.
    weight: f64,
    bound: f64,
    tops: Tops,
}

impl Clause<'_> {
    /// How often a document has it, where that is told without a search.
    #[inline]
    fn held(&self, ordinal: Ordinal) -> Option<Held> {
        self.marks?.held(ordinal)
    }

    fn frequency(&self, ordinal: Ordinal) -> Option<u16> {
        self.ordinals.binary_search(&ordinal).ok().map(|place| self.frequencies[place])
    }
}

/// What the score of any word in a document depends on.
#[derive(Clone, Copy)]
struct Scale {
    base: f64,
    per_word: f64,
    k1: f64,
}

impl Scale {
    fn of(postings: &Postings) -> Self {
        let (k1, b) = (postings.config.k1, postings.config.b);
        let mean =
            (postings.words_alive as f64 / postings.len().max(1) as f64).max(f64::MIN_POSITIVE);
        Self { base: k1 * (1.0 - b), per_word: k1 * b / mean, k1 }
    }

    #[inline]
    fn part(self, frequency: u16, length: u32) -> f64 {
        let frequency = f64::from(frequency);
        frequency / (frequency + self.base + self.per_word * f64::from(length))
    }

    fn most(self, tops: Tops) -> f64 {
        let most = |class: usize| match (tops.shortest[class], class) {
            (u32::MAX, _) => 0.0,
            (shortest, 3) => self.part(tops.frequency, shortest),
            (shortest, class) => self.part(class as u16 + 1, shortest),
        };
        (0..4).map(most).fold(0.0, f64::max)
    }

    /// As [`Self::most`], for documents of `length` words, and longer ones if it is the last.
    fn most_of(self, tops: Tops, length: usize) -> f64 {
        let part = |class: usize| {
            let frequency = if class == 3 { tops.frequency } else { class as u16 + 1 };
            match tops.shortest[class] {
                shortest if shortest as usize <= length => self.part(frequency, length as u32),
                u32::MAX => 0.0,
                shortest if length + 1 == LENGTHS => self.part(frequency, shortest),
                _ => 0.0,
            }
        };
        (0..4).map(part).fold(0.0, f64::max)
    }

    fn weight(self, documents: u32, postings: &Postings) -> f64 {
        rarity(postings, documents) * (self.k1 + 1.0)
    }
}

/// The inverse document frequency of a word that so many documents have.
pub(super) fn rarity(postings: &Postings, documents: u32) -> f64 {
    let (all, with) = (postings.len() as f64, f64::from(documents));
    ((all - with + 0.5) / (with + 0.5)).ln_1p()
}

impl Postings {
    pub(super) fn plan(&self, query: &str) -> Plan<'_> {
        let mut plan = Plan::default();
        for (occur, part) in parse(beginning(query)) {
            match (part, occur) {
                (Part::Prefix(prefix), _) => plan.add_prefix(self, prefix, occur),
                (Part::Words(words), Occur::Should) => plan.add_words(self, words),
                (Part::Phrase(words), Occur::Should | Occur::Must)
                | (Part::Words(words), Occur::Must) => {
                    plan.add_phrase(self, words);
                }
                (Part::Words(words) | Part::Phrase(words), Occur::MustNot) => {
                    plan.exclude(self, words)
                }
            }
        }
        plan
    }

    pub(super) fn plan_words(&self, text: &str) -> Plan<'_> {
        let mut plan = Plan::default();
        plan.add_words(self, beginning(text));
        plan
    }

    pub(super) fn plan_asked(&self, asked: &[Asked]) -> Plan<'_> {
        let mut plan = Plan::default();
        for Asked { term: name, weight } in asked {
            let Some(&Name { term, .. }) = self.names.get(name.as_str()) else { continue };
            if self.terms[term as usize].alive > 0 && *weight > 0.0 {
                let mut clause = self.clause(name.clone(), term);
                clause.weight *= f64::from(*weight);
                clause.bound *= f64::from(*weight);
                plan.add(clause);
            }
        }
        plan
    }

    /// The terms of `text`, nothing for words that no document has.
    pub(super) fn lookup(&self, text: &str) -> Vec<(String, Option<TermId>)> {
        let mut found = Vec::new();
        forms(text, |form| {
            let stem = self.words.root(form);
            let term = self.names.get(stem.as_ref()).map(|name| name.term);
            found.push((
                stem.into_owned(),
                term.filter(|term| self.terms[*term as usize].alive > 0),
            ));
        });
        found
    }

    fn clause(&self, name: String, id: TermId) -> Clause<'_> {
        let term = &self.terms[id as usize];
        let scale = Scale::of(self);
        let weight = scale.weight(term.alive, self);
        Clause {
            name,
            term: Some(id),
            ordinals: Cow::Borrowed(&term.ordinals),
            frequencies: Cow::Borrowed(&term.frequencies),
            repeats: Cow::Borrowed(&term.repeats),
            marks: Some(&term.marks),
            documents: term.alive,
            weight,
            bound: weight * scale.most(term.tops),
            tops: term.tops,
        }
    }

    /// All words that begin so, as one word.
    fn prefix_clause(&self, prefix: &str) -> Option<Clause<'_>> {
        let terms = self.prefix_terms(prefix);
        let mut all: Vec<(Ordinal, u16)> = Vec::new();
        for term in terms {
            let term = &self.terms[term as usize];
            let alive = term.ordinals.iter().copied().zip(term.frequencies.iter().copied());
            all.extend(alive.filter(|(ordinal, _)| self.documents[*ordinal as usize].alive));
        }
        all.sort_unstable();
        all.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
        let scale = Scale::of(self);
        let weight = scale.weight(all.len() as u32, self);
        let mut tops = Tops::default();
        all.iter().for_each(|(ordinal, frequency)| {
            tops.widen(*frequency, self.lengths[*ordinal as usize])
        });
        let documents = all.len() as u32;
        let (ordinals, frequencies): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let places = (0_u32..).zip(&frequencies);
        let repeats = places.filter(|(_, f)| **f > 1).map(|(place, _)| place).collect();
        (documents > 0).then(|| Clause {
            name: format!("{prefix}*"),
            term: None,
            ordinals: Cow::Owned(ordinals),
            frequencies: Cow::Owned(frequencies),
            repeats: Cow::Owned(repeats),
            marks: None,
            documents,
            weight,
            bound: weight * scale.most(tops),
            tops,
        })
    }

    /// The most frequent words that begin so, and the one that the prefix itself is.
    fn prefix_terms(&self, prefix: &str) -> Vec<TermId> {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let range =
            self.names.range::<str, _>(from).take_while(|(name, _)| name.starts_with(prefix));
        let itself = self.names.get(self.words.root(prefix).as_ref());
        let mut terms: Vec<TermId> = range
            .take(MAX_PREFIX_SCAN)
            .map(|(_, name)| name)
            .chain(itself)
            .map(|n| n.term)
            .collect();
        terms.sort_unstable();
        terms.dedup();
        terms.sort_by_key(|term| Reverse(self.terms[*term as usize].alive));
        terms.truncate(MAX_PREFIX_TERMS);
        terms
    }
}

fn beginning(query: &str) -> &str {
    &query[..query.floor_char_boundary(MAX_QUERY_BYTES)]
}

impl<'a> Plan<'a> {
    fn add_words(&mut self, postings: &'a Postings, words: &str) {
        for (name, term) in postings.lookup(words) {
            if let Some(term) = term {
                self.add(postings.clause(name, term));
            }
        }
    }

    /// Adds a clause, or its weight to the one that is there; says where.
    fn add(&mut self, clause: Clause<'a>) -> Option<usize> {
        if let Some(place) = self
            .clauses
            .iter()
            .position(|known| (known.term, &known.name) == (clause.term, &clause.name))
        {
            self.clauses[place].weight += clause.weight;
            self.clauses[place].bound += clause.bound;
            return Some(place);
        }
        if self.clauses.len() == MAX_QUERY_CLAUSES {
            return None;
        }
        self.clauses.push(clause);
        Some(self.clauses.len() - 1)
    }

    fn add_phrase(&mut self, postings: &'a Postings, words: &str) {
        let found = postings.lookup(words);
        let terms: Vec<TermId> = found.iter().filter_map(|(_, term)| *term).collect();
        self.impossible |= terms.len() < found.len();
        for (name, term) in found {
            let Some(term) = term else { continue };
            let place = self.add(postings.clause(name, term));
            self.must.extend(place);
        }
        if terms.len() > 1 {
            self.phrases.push(terms);
        }
    }

    fn exclude(&mut self, postings: &'a Postings, words: &str) {
        let found = postings.lookup(words);
        let terms: Vec<TermId> = found.iter().filter_map(|(_, term)| *term).collect();
        match terms.len() == found.len() {
            true if terms.len() > 1 => self.no_phrases.push(terms),
            true => self.must_not.extend(
                found.into_iter().filter_map(|(name, term)| Some(postings.clause(name, term?))),
            ),
            false => {}
        }
    }

    fn add_prefix(&mut self, postings: &'a Postings, prefix: &str, occur: Occur) {
        let mut folded = String::new();
        fold(prefix, &mut folded);
        match (postings.prefix_clause(&folded), occur) {
            (Some(clause), Occur::MustNot) => self.must_not.push(clause),
            (Some(clause), _) => {
                let place = self.add(clause);
                self.must.extend(place.filter(|_| occur == Occur::Must));
            }
            (None, occur) => self.impossible |= occur == Occur::Must,
        }
    }
}

/// A document and its score; the best is the greatest.
#[derive(PartialEq)]
struct Scored {
    score: f32,
    id: u32,
    ordinal: Ordinal,
}

impl Eq for Scored {}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.id.cmp(&self.id))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The clauses of a query by their term, for documents that are read.
struct Reader {
    /// Clauses whose term has this place, a bit each.
    places: [u64; PLACES],
    /// Clauses that have no term.
    others: u64,
}

impl Reader {
    fn of(clauses: &[Clause<'_>]) -> Self {
        let mut reader = Self { places: [0; PLACES], others: 0 };
        for (i, clause) in clauses.iter().enumerate() {
            let bit = 1 << i;
            match clause.term {
                Some(term) => reader.places[term as usize % PLACES] |= bit,
                None => reader.others |= bit,
            }
        }
        reader
    }
}

/// How often a document has each clause of a query.
struct Count {
    of: [u16; MAX_QUERY_CLAUSES],
    /// Those that it has, a bit each.
    any: u64,
}

impl Count {
    fn add(&mut self, clause: usize, frequency: u16) {
        self.of[clause] += frequency;
        self.any |= u64::from(frequency > 0) << clause;
    }
}

/// The places of the bits that are set, the lowest first.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        lowest
    })
}

/// The best documents so far.
struct Best<'a> {
    postings: &'a Postings,
    plan: &'a Plan<'a>,
    ask: &'a Ask<'a>,
    scale: Scale,
    /// [`Scale::part`] of a word that comes once, by the document's length.
    once: [f64; KNOWN],
    reader: Reader,
    heap: BinaryHeap<Reverse<Scored>>,
    /// No document below this can be among the best.
    floor: f64,
}

/// The best documents of a plan.
pub(super) fn run(postings: &Postings, plan: Plan<'_>, ask: Ask<'_>) -> Vec<Hit> {
    if plan.impossible || plan.clauses.is_empty() || ask.k == 0 {
        return Vec::new();
    }
    let scale = Scale::of(postings);
    let mut best = Best {
        postings,
        plan: &plan,
        ask: &ask,
        scale,
        once: std::array::from_fn(|length| scale.part(1, length as u32)),
        reader: Reader::of(&plan.clauses),
        heap: BinaryHeap::new(),
        floor: 0.0,
    };
    best.gather();
    best.into_hits()
}

impl Best<'_> {
    /// As [`Scale::part`].
    #[inline]
    fn part(&self, frequency: u16, length: u32) -> f64 {
        match self.once.get(length as usize) {
            Some(once) if frequency == 1 => *once,
            _ => self.scale.part(frequency, length),
        }
    }

    /// Chooses the shortest way to all documents that can be found, and takes it.
    fn gather(&mut self) {
        let plan = self.plan;
        let postings = plan.clauses.iter().map(|clause| clause.ordinals.len() as u64).sum::<u64>();
        let required = plan
            .must
            .iter()
            .map(|place| &plan.clauses[*place])
            .min_by_key(|clause| clause.ordinals.len());
        let walk = required.map_or(postings / FILTER_COST, |clause| clause.ordinals.len() as u64);
        match (self.ask.filter.filter(|filter| filter.len() < walk), required) {
            (Some(filter), _) => {
                let ordinals = filter.iter().filter_map(|id| self.postings.ordinals.get(&id));
                ordinals.for_each(|ordinal| self.offer(*ordinal));
            }
            (None, Some(clause)) => clause.ordinals.iter().for_each(|ordinal| self.offer(*ordinal)),
            (None, None) => self.sweep(),
        }
    }

    /// Takes a document among the best if it may be found and is better than the worst of them.
    fn offer(&mut self, ordinal: Ordinal) {
        let Some(scored) = self.judge(ordinal) else { return };
        if self.heap.len() == self.ask.k {
            match self.heap.peek() {
                Some(Reverse(worst)) if scored > *worst => self.heap.pop(),
                _ => return,
            };
        }
        self.heap.push(Reverse(scored));
        self.raise();
    }

    /// Takes the best of these, where nothing was taken before.
    fn begin(&mut self, ordinals: &[Ordinal]) {
        let judged = ordinals.iter().filter_map(|ordinal| self.judge(*ordinal));
        let mut judged: Vec<Reverse<Scored>> = judged.map(Reverse).collect();
        if judged.len() > self.ask.k {
            judged.select_nth_unstable(self.ask.k);
            judged.truncate(self.ask.k);
        }
        self.heap = judged.into();
        self.raise();
    }

    /// Once there are `k`, the worst of them is the floor.
    fn raise(&mut self) {
        if self.heap.len() == self.ask.k {
            let worst = self.heap.peek().map_or(0.0, |worst| f64::from(worst.0.score));
            self.floor = self.floor.max(worst / SLACK);
        }
    }

    fn judge(&self, ordinal: Ordinal) -> Option<Scored> {
        let document = self.postings.documents[ordinal as usize];
        let may =
            document.alive && self.ask.filter.is_none_or(|filter| filter.contains(document.id));
        if !(may && self.agrees(ordinal)) {
            return None;
        }
        let score = self.score(ordinal)?;
        Some(Scored { score, id: document.id, ordinal })
    }

    /// Whether it has what it must and nothing that it must not.
    fn agrees(&self, ordinal: Ordinal) -> bool {
        let plan = self.plan;
        let words = || self.postings.sequence_of(ordinal);
        let says = |phrase: &Vec<TermId>| words().windows(phrase.len()).any(|part| part == phrase);
        plan.must.iter().all(|place| plan.clauses[*place].frequency(ordinal).is_some())
            && plan.must_not.iter().all(|clause| clause.frequency(ordinal).is_none())
            && plan.phrases.iter().all(says)
            && !plan.no_phrases.iter().any(says)
    }

    /// Its score, summed in the query's order; nothing if it has none of the words.
    fn score(&self, ordinal: Ordinal) -> Option<f32> {
        let length = self.postings.lengths[ordinal as usize];
        let clauses = &self.plan.clauses;
        let mut count = Count { of: [0; MAX_QUERY_CLAUSES], any: 0 };
        let looked_up = if length <= MAX_READ {
            self.read(ordinal, &mut count);
            self.reader.others
        } else {
            u64::MAX >> (u64::BITS as usize - clauses.len())
        };
        for i in bits(looked_up) {
            count.add(i, clauses[i].frequency(ordinal).unwrap_or(0));
        }
        let part = |i: usize| clauses[i].weight * self.part(count.of[i], length);
        let score = bits(count.any).fold(0.0, |sum, i| sum + part(i));
        (count.any != 0).then_some(score as f32)
    }

    /// Counts the words of a short document: reading it is quicker than searching long lists.
    fn read(&self, ordinal: Ordinal, count: &mut Count) {
        for word in self.postings.sequence_of(ordinal) {
            for i in bits(self.reader.places[*word as usize % PLACES]) {
                count.add(i, u16::from(self.plan.clauses[i].term == Some(*word)));
            }
        }
    }

    /// MaxScore over all documents.
    fn sweep(&mut self) {
        let mut order: Vec<&Clause<'_>> = self.plan.clauses.iter().collect();
        order.sort_by(|a, b| a.bound.total_cmp(&b.bound));
        let primed = self.prime(&order);
        let mut walk = Walk::new(order, self.scale);
        let mut window = Window::new();
        let mut reaching: Vec<(Ordinal, f64)> = Vec::new();
        loop {
            walk.weaken(self.floor);
            let Some(base) = walk.next() else { break };
            window.open(base);
            walk.sum(&mut window, self);
            window.drain(|ordinal, sum| {
                if let Some(sum) = walk.reach(self, ordinal, sum) {
                    reaching.push((ordinal, sum));
                }
            });
            self.soon(reaching.iter().map(|(ordinal, _)| *ordinal));
            for (ordinal, sum) in reaching.drain(..) {
                if sum * SLACK >= self.floor && primed.binary_search(&ordinal).is_err() {
                    self.offer(ordinal);
                }
            }
        }
    }

    /// Has documents come from memory together that are judged one after the other.
    fn soon(&self, ordinals: impl Iterator<Item = Ordinal>) {
        let ends = ordinals.map(|ordinal| {
            let words = self.postings.sequence_of(ordinal);
            words.first().unwrap_or(&0) ^ words.last().unwrap_or(&0)
        });
        std::hint::black_box(ends.fold(0, |all, end| all ^ end));
    }

    /// Begins with documents that have the rarest words, so that there is a floor; says which, in
    /// their order.
    fn prime(&mut self, order: &[&Clause<'_>]) -> Vec<Ordinal> {
        let k = self.ask.k;
        if k > MAX_PRIMED_K {
            return Vec::new();
        }
        let enough = MIN_PRIMED.max(2 * k);
        let mut first: Vec<Ordinal> = Vec::with_capacity(enough);
        for clause in order.iter().rev() {
            first.extend(clause.ordinals.iter().take(enough - first.len()));
        }
        first.sort_unstable();
        first.dedup();
        self.soon(first.iter().copied());
        self.begin(&first);
        first
    }

    fn into_hits(self) -> Vec<Hit> {
        let Self { postings, plan, ask, scale, heap, .. } = self;
        let explain = |ordinal: Ordinal| match ask.explain {
            true => plan
                .clauses
                .iter()
                .filter_map(|clause| explain(postings, scale, clause, ordinal))
                .collect(),
            false => Vec::new(),
        };
        let best = heap.into_sorted_vec().into_iter();
        best.map(|Reverse(hit)| Hit { id: hit.id, score: hit.score, terms: explain(hit.ordinal) })
            .collect()
    }
}

fn explain(
    postings: &Postings,
    scale: Scale,
    clause: &Clause<'_>,
    ordinal: Ordinal,
) -> Option<TermScore> {
    let frequency = clause.frequency(ordinal)?;
    let score = clause.weight * scale.part(frequency, postings.lengths[ordinal as usize]);
    Some(TermScore {
        term: clause.name.clone(),
        frequency: u32::from(frequency),
        documents: clause.documents,
        score: score as f32,
    })
}

/// How a word's documents are looked at.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// All of them.
    All,
    /// Those that have it more than once; it is looked up in others.
    Repeats,
    /// None; it is looked up.
    None,
}

/// The documents of a word, or those that repeat it.
struct Side {
    clause: usize,
    repeats: bool,
    /// The most that it adds, beyond those with the word once where it is of those that repeat it.
    bound: f64,
    /// Its bound for each document.
    density: f64,
}

/// The words of a query on the way through all documents, the weakest first.
struct Walk<'a> {
    clauses: Vec<&'a Clause<'a>>,
    looks: Vec<Look>,
    /// Where the next documents of a word stand, and the next that repeat it.
    cursors: Vec<usize>,
    repeats: Vec<usize>,
    /// No document before this is left.
    from: u64,
    sides: Vec<Side>,
    /// The first sides, of which no document is looked at, and what they add at most.
    n_weak: usize,
    weak_bound: f64,
    /// The most that each word adds to a document by its length, and where it has it once.
    bounds: Vec<[[f64; LENGTHS]; 2]>,
    /// The words that are looked up, the strongest first, and the most that each and all after it add.
    lookups: Vec<(usize, [f64; LENGTHS])>,
}

impl<'a> Walk<'a> {
    fn new(clauses: Vec<&'a Clause<'a>>, scale: Scale) -> Self {
        let n = clauses.len();
        let bounds = clauses.iter().map(|clause| {
            [clause.tops, clause.tops.once()].map(|tops| {
                std::array::from_fn(|length| clause.weight * scale.most_of(tops, length))
            })
        });
        Self {
            bounds: bounds.collect(),
            looks: vec![Look::All; n],
            cursors: vec![0; n],
            repeats: vec![0; n],
            from: 0,
            sides: sides(&clauses, scale),
            n_weak: 0,
            weak_bound: 0.0,
            lookups: Vec::new(),
            clauses,
        }
    }

    /// Looks at no more documents of words that together add too little.
    fn weaken(&mut self, floor: f64) {
        let before = self.n_weak;
        while let Some(side) = self.sides.get(self.n_weak)
            && (self.weak_bound + side.bound) * SLACK < floor
        {
            let look = match side.repeats || self.clauses[side.clause].repeats.is_empty() {
                true => Look::None,
                false => Look::Repeats,
            };
            self.looks[side.clause] = look;
            self.weak_bound += side.bound;
            self.n_weak += 1;
        }
        if self.n_weak > before {
            self.bound_lookups();
        }
    }

    fn bound_lookups(&mut self) {
        self.lookups.clear();
        let mut sum = [0.0; LENGTHS];
        for (i, look) in self.looks.iter().enumerate().filter(|(_, look)| **look != Look::All) {
            let once = usize::from(*look == Look::Repeats);
            sum.iter_mut().zip(&self.bounds[i][once]).for_each(|(sum, bound)| *sum += bound);
            self.lookups.push((i, sum));
        }
        self.lookups.reverse();
    }

    /// The next document of all that are looked at.
    fn next(&mut self) -> Option<Ordinal> {
        let mut next: Option<Ordinal> = None;
        for (i, clause) in self.clauses.iter().enumerate() {
            let ordinals = &clause.ordinals;
            let first = match self.looks[i] {
                Look::All => ordinals.get(self.cursors[i]),
                Look::Repeats => {
                    let rest = &clause.repeats[self.repeats[i]..];
                    let before = |place: &u32| u64::from(ordinals[*place as usize]) < self.from;
                    let gone = rest.iter().take_while(|place| before(place)).count();
                    self.repeats[i] += gone;
                    rest.get(gone).map(|place| &ordinals[*place as usize])
                }
                Look::None => None,
            };
            next = first.copied().into_iter().chain(next).min();
        }
        self.from = u64::from(next?) + WINDOW as u64;
        next
    }

    /// Adds what the documents of a window have that are looked at.
    fn sum(&mut self, window: &mut Window, best: &Best<'_>) {
        for (i, clause) in self.clauses.iter().enumerate() {
            match self.looks[i] {
                Look::All => {
                    let rest = clause.ordinals[self.cursors[i]..].iter().copied();
                    let rest = rest.zip(clause.frequencies[self.cursors[i]..].iter().copied());
                    self.cursors[i] += window.sum(rest, clause.weight, best);
                }
                Look::Repeats => {
                    let rest = clause.repeats[self.repeats[i]..].iter().map(|place| {
                        let place = *place as usize;
                        (clause.ordinals[place], clause.frequencies[place])
                    });
                    self.repeats[i] += window.sum(rest, clause.weight, best);
                }
                Look::None => {}
            }
        }
    }

    /// The most that a document with `sum` from the words that are looked at can have, if it may be
    /// among the best.
    fn reach(&mut self, best: &Best<'_>, ordinal: Ordinal, mut sum: f64) -> Option<f64> {
        let length = best.postings.lengths[ordinal as usize];
        let class = (length as usize).min(LENGTHS - 1);
        for at in 0..self.lookups.len() {
            let (i, below) = &self.lookups[at];
            if (sum + below[class]) * SLACK < best.floor {
                return None;
            }
            if below[class] < LITTLE * best.floor {
                return Some(sum + below[class]);
            }
            let held = self.clauses[*i].held(ordinal);
            if held != Some(Held::Never) {
                sum += self.look_up(*i, held, best, ordinal);
            }
        }
        (sum * SLACK >= best.floor).then_some(sum)
    }

    /// What a word that is looked up adds to a document, beyond what was summed up.
    // Its own function, so that the loop that calls it once in ten times stays short.
    #[inline(never)]
    fn look_up(&mut self, i: usize, held: Option<Held>, best: &Best<'_>, ordinal: Ordinal) -> f64 {
        let (clause, cursor) = (self.clauses[i], &mut self.cursors[i]);
        let frequency = match held {
            Some(Held::Once) => 1,
            Some(Held::More) if self.looks[i] == Look::Repeats => return 0.0,
            _ => {
                *cursor = gallop(&clause.ordinals, *cursor, ordinal);
                match clause.ordinals.get(*cursor) {
                    Some(found) if *found == ordinal => clause.frequencies[*cursor],
                    _ => return 0.0,
                }
            }
        };
        match frequency == 1 || self.looks[i] == Look::None {
            true => clause.weight * best.part(frequency, best.postings.lengths[ordinal as usize]),
            false => 0.0,
        }
    }
}

/// The words' documents in the order in which they are worth no look: those that add least for each
/// document first. Those that repeat a word come after all that have it.
fn sides(clauses: &[&Clause<'_>], scale: Scale) -> Vec<Side> {
    let of = |(i, clause): (usize, &&Clause<'_>)| {
        let once = match clause.repeats.is_empty() {
            true => clause.bound,
            false => clause.weight * scale.most(clause.tops.once()),
        };
        let (all, more) = (clause.ordinals.len() as f64, clause.repeats.len() as f64);
        let beyond = clause.bound - once;
        let whole = Side { clause: i, repeats: false, bound: once, density: once / all };
        let density = whole.density.max(beyond / more);
        let repeats = Side { clause: i, repeats: true, bound: beyond, density };
        [Some(whole), (more > 0.0).then_some(repeats)].into_iter().flatten()
    };
    let mut sides: Vec<Side> = clauses.iter().enumerate().flat_map(of).collect();
    sides.sort_by(|a, b| a.density.total_cmp(&b.density));
    sides
}

/// The first place from `start` on that is not before `ordinal`.
fn gallop(ordinals: &[Ordinal], start: usize, ordinal: Ordinal) -> usize {
    let (mut low, mut step) = (start.min(ordinals.len()), NEAR);
    while ordinals.get(low + step - 1).is_some_and(|last| *last < ordinal) {
        low += step;
        step *= 2;
    }
    let mut rest = &ordinals[low..ordinals.len().min(low + step)];
    while rest.len() > NEAR {
        let (before, after) = rest.split_at(rest.len() / 2);
        let later = after[0] <= ordinal;
        low += if later { before.len() } else { 0 };
        rest = if later { after } else { before };
    }
    low + rest.iter().map(|known| u32::from(*known < ordinal)).sum::<u32>() as usize
}

/// The sums of [`WINDOW`] documents, and which of them have any.
struct Window {
    base: Ordinal,
    sums: Vec<f64>,
    touched: [u64; WINDOW / 64],
}

impl Window {
    fn new() -> Self {
        Self { base: 0, sums: vec![0.0; WINDOW], touched: [0; WINDOW / 64] }
    }

    fn open(&mut self, base: Ordinal) {
        self.base = base;
    }

    /// Adds a word's part to every document of the window, from the first of `rest` on; says how many
    /// there are.
    fn sum(
        &mut self,
        rest: impl Iterator<Item = (Ordinal, u16)>,
        weight: f64,
        best: &Best<'_>,
    ) -> usize {
        let end = u64::from(self.base) + WINDOW as u64;
        let mut seen = 0;
        for (ordinal, frequency) in rest.take_while(|(ordinal, _)| u64::from(*ordinal) < end) {
            let place = (ordinal - self.base) as usize;
            let length = best.postings.lengths[ordinal as usize];
            self.sums[place] += weight * best.part(frequency, length);
            self.touched[place / 64] |= 1 << (place % 64);
            seen += 1;
        }
        seen
    }

    /// Tells the documents that have a sum in their order, and clears them.
    fn drain(&mut self, mut each: impl FnMut(Ordinal, f64)) {
        for word in 0..self.touched.len() {
            let mut bits = std::mem::take(&mut self.touched[word]);
            while bits != 0 {
                let place = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                each(self.base + place as Ordinal, std::mem::take(&mut self.sums[place]));
            }
        }
    }
}
