//! Questions whose answer is two or three memories away: chains of people, places and things that
//! share names and nothing else, drawn by seed.
//! `cargo test -p memory hopping -- --nocapture` prints the figures.

use memory::{Config, Memory, Query, Weights};

use crate::dialogue::Draw;
use crate::{NOW, by, open, said, store};

const CHAINS: usize = 60;
/// Hits that count.
const TOP: usize = 10;
const PLAIN: Weights = Weights { text: 1.0, vector: 1.0, graph: 0.0 };

/// A sentence for each link of a chain, and questions for each length.
struct Kind {
    links: [&'static str; 3],
    /// What else is said of the same names.
    aside: [&'static str; 5],
    asks: [&'static str; 3],
}

/// `{0}` to `{3}` are the names of a chain. Questions name only the first.
const KINDS: [Kind; 4] = [
    Kind {
        links: [
            "{0} was taught the violin by {1}.",
            "{1} grew up in {2}.",
            "{2} is famous for the old mill called {3}.",
        ],
        aside: [
            "{0} collects stamps from Norway.",
            "{1} never eats breakfast.",
            "{1} has two grey cats.",
            "{2} floods almost every spring.",
            "The train to {2} was late again.",
        ],
        asks: [
            "Who taught {0} the violin?",
            "In which town did the teacher of {0} spend their childhood?",
            "What building is the home town of the person who taught {0} known for?",
        ],
    },
    Kind {
        links: ["{0} shares a flat with {1}.", "{1} drives a van for {2}.", "{2} is owned by {3}."],
        aside: [
            "{0} plays chess on Tuesdays.",
            "{1} is afraid of heights.",
            "{1} sang at the wedding.",
            "{2} closes early on Fridays.",
            "The new logo of {2} is green.",
        ],
        asks: [
            "With whom does {0} share a flat?",
            "Which company employs the flatmate of {0}?",
            "To whom does the employer of the flatmate of {0} belong?",
        ],
    },
    Kind {
        links: [
            "{0} bought the bakery from {1}.",
            "{1} moved to {2} last winter.",
            "The mayor of {2} is {3}.",
        ],
        aside: [
            "{0} broke an arm while skiing.",
            "{1} knows every song by heart.",
            "{1} sold two horses.",
            "{2} has a long sandy beach.",
            "It snowed in {2} for a week.",
        ],
        asks: [
            "From whom did {0} buy the bakery?",
            "Where does the former owner of the shop of {0} live now?",
            "Who governs the place to which the seller went who dealt with {0}?",
        ],
    },
    Kind {
        links: [
            "{0} reports to {1}.",
            "{1} wrote the guide to {2}.",
            "{2} runs on the machine {3}.",
        ],
        aside: [
            "{0} cycles to the office.",
            "{1} prefers tea to coffee.",
            "{1} paints on weekends.",
            "{2} crashed twice in March.",
            "The menu of {2} is confusing.",
        ],
        asks: [
            "To whom does {0} report?",
            "What did the boss of {0} document?",
            "On which computer is the system that the boss of {0} explained?",
        ],
    },
];

impl Draw {
    /// A name that no other has: syllables, and a number in syllables.
    fn name(&mut self, k: usize) -> String {
        const FIRST: [&str; 8] = ["Bra", "Del", "Fen", "Gor", "Hul", "Kir", "Mon", "Tas"];
        const MORE: [&str; 10] = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "ro", "vu"];
        let mut name = FIRST[self.next(8)].to_owned();
        let number = format!("{k:03}");
        name.extend(number.bytes().map(|digit| MORE[usize::from(digit - b'0')]));
        name
    }
}

struct Chains {
    texts: Vec<String>,
    /// Questions with the place of their answer among the texts, by the length of the way.
    asked: [Vec<(String, usize)>; 3],
}

/// Chains of some kinds, drawn by seed.
fn chains(kinds: &[Kind], seed: u64) -> Chains {
    let mut draw = Draw(seed);
    let mut made = Chains { texts: Vec::new(), asked: [vec![], vec![], vec![]] };
    for k in 0..CHAINS {
        let kind = &kinds[k % kinds.len()];
        let names: Vec<String> = (0..4).map(|n| draw.name(4 * k + n)).collect();
        let filled = |text: &str| {
            (0..4).fold(text.to_owned(), |text, n| text.replace(&format!("{{{n}}}"), &names[n]))
        };
        for hops in 0..3 {
            made.asked[hops].push((filled(kind.asks[hops]), made.texts.len()));
            made.texts.push(filled(kind.links[hops]));
        }
        made.texts.extend(kind.aside.iter().map(|text| filled(text)));
    }
    // The order of storing says nothing of what belongs together.
    let mut order: Vec<usize> = (0..made.texts.len()).collect();
    (1..order.len()).rev().for_each(|k| order.swap(k, draw.next(k + 1)));
    made.texts = order.iter().map(|k| made.texts[*k].clone()).collect();
    for (_, answer) in made.asked.iter_mut().flatten() {
        *answer = order.iter().position(|k| k == answer).unwrap();
    }
    made
}

/// The share of questions whose answer is among the first.
fn hit(memory: &Memory, chains: &Chains, hops: usize, weights: Weights) -> f64 {
    let asked = &chains.asked[hops - 1];
    let found = asked.iter().filter(|(question, answer)| {
        let query = Query { weights, reinforce: false, limit: TOP, ..Query::new(question) };
        let hits = memory.search(&query, NOW).unwrap().hits;
        hits.iter().any(|hit| hit.item.text == chains.texts[*answer])
    });
    found.count() as f64 / asked.len() as f64
}

/// Without and with activation, for one hop, two and three.
async fn figures(kinds: &[Kind], seed: u64) -> Vec<[f64; 2]> {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let chains = chains(kinds, seed);
    for (k, text) in chains.texts.iter().enumerate() {
        // An hour apart: what came just before or after is no hint.
        let ago = 3_600_000_000 * (chains.texts.len() - k) as i64;
        memory.store(said(text), &by(NOW - ago)).await.unwrap();
    }
    let of = |hops| [PLAIN, Weights::default()].map(|w| hit(&memory, &chains, hops, w));
    (1..=3).map(of).collect()
}

#[tokio::test]
async fn activation_finds_what_is_two_and_three_memories_away() {
    // What chains count was chosen on the first two kinds.
    let (tuned, held) = KINDS.split_at(2);
    for (name, kinds, seed) in [("tuned", tuned, 0x5eed_0001), ("held out", held, 0x5eed_0002)] {
        let figures = figures(kinds, seed).await;
        println!("{name}: hit@{TOP} by hops, without and with activation: {figures:?}");
        assert!(figures[0][1] >= figures[0][0] - 0.01, "single hops lose nothing: {figures:?}");
        for [plain, with] in &figures[1..] {
            assert!(*plain < 0.3, "words and vectors do not find them: {figures:?}");
            assert!(*with >= 0.9, "activation does: {figures:?}");
        }
    }
}
