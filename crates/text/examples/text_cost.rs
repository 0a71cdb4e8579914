//! What building, inserting, asking and encoding cost: `cargo run --release -p text --example text_cost`.
//!
//! Documents are words drawn by Zipf's law (exponent 1) from 50,000 made-up ones, 20 to 40 each;
//! queries are a few frequent words and a few words of one document, as questions are.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints")]

use std::time::Instant;

use text::{Encoder, Postings, encoder, mentions, postings};

const DOCUMENTS: u32 = 100_000;
const VOCABULARY: usize = 50_000;
const QUERIES: usize = 2000;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A rank by Zipf's law: the logarithm of a rank is uniform.
    fn zipf(&mut self, n: usize) -> usize {
        let uniform = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((n as f64).powf(uniform) as usize).clamp(1, n) - 1
    }
}

fn word(mut rank: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "to", "mi", "re", "su", "lo", "ne", "pa", "di", "vo", "ga", "hu", "be", "fi", "wo",
        "ze",
    ];
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[rank % 16]);
        rank /= 16;
        if rank == 0 {
            return word + "n";
        }
    }
}

fn sentence(chance: &mut Chance, words: &[String]) -> String {
    let n = 20 + chance.below(21);
    (0..n).map(|_| words[chance.zipf(VOCABULARY)].as_str()).collect::<Vec<_>>().join(" ")
}

fn question(chance: &mut Chance, words: &[String], document: &str) -> String {
    let mut asked: Vec<&str> = (0..3).map(|_| words[chance.below(20)].as_str()).collect();
    let said: Vec<&str> = document.split(' ').collect();
    asked.extend((0..3 + chance.below(3)).map(|_| said[chance.below(said.len())]));
    asked.join(" ")
}

fn main() {
    let mut chance = Chance(7);
    let words: Vec<String> = (0..VOCABULARY).map(word).collect();
    let texts: Vec<String> = (0..DOCUMENTS).map(|_| sentence(&mut chance, &words)).collect();
    let questions: Vec<String> = (0..QUERIES)
        .map(|_| {
            let document = chance.below(texts.len());
            question(&mut chance, &words, &texts[document])
        })
        .collect();
    let mut postings = build(&texts);
    ask(&postings, &questions);
    replace(&mut postings, &texts);
    encode();
}

fn build(texts: &[String]) -> Postings {
    let start = Instant::now();
    let mut postings = Postings::new(postings::Config::default()).expect("defaults are in range");
    for (id, text) in texts.iter().enumerate() {
        postings.insert(id as u32, text);
    }
    let took = start.elapsed();
    println!(
        "build     {} documents, {} words: {:.3} s",
        postings.len(),
        postings.terms(),
        took.as_secs_f64()
    );
    println!(
        "bytes     {:.1} MB of {:.1} MB text",
        postings.bytes() as f64 / 1e6,
        texts.iter().map(String::len).sum::<usize>() as f64 / 1e6
    );
    postings
}

fn ask(postings: &Postings, questions: &[String]) {
    for (name, k) in [("10", 10), ("100", 100)] {
        let times = questions.iter().map(|question| {
            let start = Instant::now();
            std::hint::black_box(postings.search(question, k, None, false));
            start.elapsed().as_secs_f64() * 1e6
        });
        quantiles(&format!("query     best {name}"), times.collect());
    }
    let filter = (0..DOCUMENTS).filter(|id| id % 100 == 0).collect();
    let times = questions.iter().map(|question| {
        let start = Instant::now();
        std::hint::black_box(postings.search(question, 10, Some(&filter), false));
        start.elapsed().as_secs_f64() * 1e6
    });
    quantiles("query     best 10 of a hundredth", times.collect());
}

fn replace(postings: &mut Postings, texts: &[String]) {
    let times = texts.iter().enumerate().take(60_000).map(|(id, text)| {
        let start = Instant::now();
        postings.insert(id as u32 + 7, text);
        start.elapsed().as_secs_f64() * 1e6
    });
    quantiles("replace   ", times.collect());
}

fn encode() {
    const TURN: &str = "Melanie: Caroline, I went to the support group yesterday and it was so powerful; everyone \
                        told their own story and we talked about adoption until half past nine in the evening.";
    let start = Instant::now();
    let encoder =
        Encoder::new(encoder::Config::default()).expect("the defaults are within their ranges");
    println!(
        "encoder   ready in {:.2} ms, {} dimensions",
        start.elapsed().as_secs_f64() * 1e3,
        encoder.dimensions()
    );
    let times = (0..20_000).map(|_| {
        let start = Instant::now();
        std::hint::black_box(encoder.encode(std::hint::black_box(TURN)));
        start.elapsed().as_secs_f64() * 1e6
    });
    quantiles("encode    30 words", times.collect());
    let times = (0..20_000).map(|_| {
        let start = Instant::now();
        std::hint::black_box(mentions(std::hint::black_box(TURN)));
        start.elapsed().as_secs_f64() * 1e6
    });
    quantiles("mentions  30 words", times.collect());
}

fn quantiles(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |q: f64| times[((times.len() - 1) as f64 * q) as usize];
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    println!(
        "{name}: mean {mean:.1} us, median {:.1}, p99 {:.1}, most {:.1}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
