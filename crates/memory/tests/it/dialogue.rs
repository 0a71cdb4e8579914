//! Conversations over many dated sessions, and questions whose answers are known: pieces that were
//! written for these tests (`tests/data/dialogue.txt`), told by four pairs of people with names,
//! places and numbers drawn by seed. Two pairs are for tuning, two are held out, and so are the
//! topics that are asked about.

const PIECES: &str = include_str!("../data/dialogue.txt");
/// When the first session is: 2023-05-08T13:00:00Z.
const BEGINS: i64 = 1_683_550_800_000_000;
const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;
/// Pieces of one session.
const TOGETHER: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Tune,
    Held,
}

/// One turn, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) at: i64,
    pub(crate) pair: String,
}

/// A question and the places of the turns that answer it; none where nothing does.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) category: String,
    pub(crate) answers: Vec<usize>,
    pub(crate) pair: String,
    /// As somebody asks on who asked about the same just before: nobody is named.
    pub(crate) further: Option<String>,
    /// The first turn of what it is about.
    pub(crate) topic: Option<usize>,
}

impl Question {
    fn of(text: String, category: &str, answers: Vec<usize>, pair: &str) -> Self {
        let (category, pair) = (category.to_owned(), pair.to_owned());
        Self { text, category, answers, pair, further: None, topic: None }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Dialogue {
    pub(crate) turns: Vec<Turn>,
    pub(crate) questions: Vec<Question>,
}

#[derive(Default)]
struct Piece {
    half: String,
    lines: Vec<(bool, String)>,
    questions: Vec<(String, Vec<usize>, String)>,
}

#[derive(Default)]
struct Script {
    pieces: Vec<Piece>,
    fillers: Vec<(bool, String)>,
    nothings: Vec<String>,
    values: Vec<(String, Vec<String>)>,
    pairs: Vec<(String, String)>,
}

/// Numbers by seed (Marsaglia's xorshift).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// One below `n`.
    pub(crate) fn next(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % n
    }
}

/// The conversations of one half.
pub(crate) fn dialogue(half: Half) -> Dialogue {
    let script = read(PIECES);
    let pairs = match half {
        Half::Tune => &script.pairs[..2],
        Half::Held => &script.pairs[2..],
    };
    let mut told = Dialogue::default();
    for (k, pair) in pairs.iter().enumerate() {
        tell(&script, half, pair, &mut Draw(7 + k as u64 * 977 + half as u64 * 31), &mut told);
    }
    told
}

fn read(text: &str) -> Script {
    let mut script = Script::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (sign, rest) = line.split_once(' ').unwrap();
        match sign {
            "S" => script.pieces.push(Piece {
                half: rest.split_once(' ').unwrap().0.to_owned(),
                ..Piece::default()
            }),
            "A:" | "B:" => {
                script.pieces.last_mut().unwrap().lines.push((sign == "A:", rest.to_owned()));
            }
            "Q" => {
                let (about, question) = rest.split_once(" | ").unwrap();
                let mut about = about.split(' ');
                let category = about.next().unwrap().to_owned();
                let turns = about.map(|n| n.parse::<usize>().unwrap() - 1).collect();
                let piece = script.pieces.last_mut().unwrap();
                piece.questions.push((category, turns, question.to_owned()));
            }
            "F" => {
                let (who, said) = rest.split_once(": ").unwrap();
                script.fillers.push((who == "A", said.to_owned()));
            }
            "N" => script.nothings.push(rest.to_owned()),
            "V" => {
                let (name, values) = rest.split_once(' ').unwrap();
                let values = values.split(" | ").map(str::to_owned).collect();
                script.values.push((name.to_owned(), values));
            }
            "P" => {
                let pairs = rest.split(" | ").map(|pair| pair.split_once(' ').unwrap());
                script.pairs.extend(pairs.map(|(a, b)| (a.to_owned(), b.to_owned())));
            }
            _ => panic!("what is {line:?}?"),
        }
    }
    script
}

fn tell(
    script: &Script,
    half: Half,
    (a, b): &(String, String),
    draw: &mut Draw,
    told: &mut Dialogue,
) {
    let name = format!("{a}-{b}");
    let mut order: Vec<(usize, bool)> =
        (0..script.pieces.len()).flat_map(|k| [(k, false), (k, true)]).collect();
    for k in (1..order.len()).rev() {
        order.swap(k, draw.next(k + 1));
    }
    let asked = if half == Half::Tune { "tune" } else { "held" };
    let mut at = BEGINS;
    for session in order.chunks(TOGETHER) {
        let mut said: Vec<[Vec<usize>; 2]> = Vec::new();
        for &(k, swapped) in session {
            let (one, other) = if swapped { (b, a) } else { (a, b) };
            for _ in 0..draw.next(3) {
                let (by_a, line) = &script.fillers[draw.next(script.fillers.len())];
                let line = fill(line, &[("A", one), ("B", other)]);
                say(told, &name, if *by_a { one } else { other }, &line, &mut at);
            }
            let mut values: Vec<(&str, &str)> = vec![("A", one), ("B", other)];
            for (what, all) in &script.values {
                values.push((what, &all[draw.next(all.len())]));
            }
            let piece = &script.pieces[k];
            let first = told.turns.len();
            for (by_a, line) in &piece.lines {
                say(told, &name, if *by_a { one } else { other }, &fill(line, &values), &mut at);
            }
            if piece.half != asked {
                continue;
            }
            ask(piece, &name, first, &values, draw, told);
            let answers = piece.questions.iter().flat_map(|q| q.1.clone());
            let of = |by_a: bool| {
                let mut of: Vec<usize> =
                    answers.clone().filter(|k| piece.lines[*k].0 == by_a).collect();
                of.sort_unstable();
                of.dedup();
                of.into_iter().map(|k| k + first).collect::<Vec<_>>()
            };
            let (mine, theirs) = (of(true), of(false));
            said.push(if swapped { [theirs, mine] } else { [mine, theirs] });
        }
        for (who, name_of) in [a, b].into_iter().enumerate() {
            let answers: Vec<usize> = said.iter().flat_map(|of| of[who].clone()).collect();
            if !answers.is_empty() {
                let text = format!("What did {name_of} talk about on {}?", day(at));
                told.questions.push(Question::of(text, "dated", answers, &name));
            }
        }
        at += (3 + draw.next(9)) as i64 * DAY;
    }
    for nothing in &script.nothings {
        let text = fill(nothing, &[("A", a), ("B", b)]);
        told.questions.push(Question::of(text, "nothing", Vec::new(), &name));
    }
}

fn ask(
    piece: &Piece,
    pair: &str,
    first: usize,
    values: &[(&str, &str)],
    draw: &mut Draw,
    told: &mut Dialogue,
) {
    let misspelt = draw.next(piece.questions.len());
    for (k, (category, turns, question)) in piece.questions.iter().enumerate() {
        let text = fill(question, values);
        let answers: Vec<usize> = turns.iter().map(|turn| turn + first).collect();
        if k == misspelt && category != "adversarial" {
            let misspelt = misspell(&text);
            told.questions.push(Question::of(misspelt, "misspelt", answers.clone(), pair));
        }
        let nobody = question.replace("{A}'s", "their").replace("{B}'s", "their");
        let nobody = nobody.replace("{A}", "they").replace("{B}", "they");
        told.questions.push(Question {
            further: Some(fill(&nobody, values)),
            topic: Some(first),
            ..Question::of(text, category, answers, pair)
        });
    }
}

/// The longest word in lower case with two of its letters exchanged.
fn misspell(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_lowercase());
    let longest = words.max_by_key(|word| word.len()).unwrap_or_default();
    let middle = longest.len() / 2;
    let mut letters: Vec<char> = longest.chars().collect();
    letters.swap(middle, middle - 1);
    text.replacen(longest, &letters.into_iter().collect::<String>(), 1)
}

fn say(told: &mut Dialogue, pair: &str, who: &str, line: &str, at: &mut i64) {
    told.turns.push(Turn { text: format!("{who}: {line}"), at: *at, pair: pair.to_owned() });
    *at += MINUTE;
}

fn fill(line: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(line.to_owned(), |line, (name, value)| line.replace(&format!("{{{name}}}"), value))
}

/// `8 May 2023`.
fn day(at: i64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let written = memory::moment::written(at);
    let part = |range: std::ops::Range<usize>| written[range].parse::<usize>().unwrap();
    format!("{} {} {}", part(8..10), MONTHS[part(5..7) - 1], part(0..4))
}
