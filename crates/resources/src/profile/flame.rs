//! Draws a flame graph.
//!
//! A picture without a script, so that it may be shown where scripts may not run.
//!
//! Source: B. Gregg, "The Flame Graph", Communications of the ACM 59(6), 2016.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The most functions above each other that are drawn.
pub const MAX_FLAME_DEPTH: usize = 256;

/// The most functions that are drawn.
pub const MAX_FLAME_FRAMES: usize = 20_000;

/// The picture's width (pixels).
const WIDTH: f64 = 1200.0;

/// The height of a function (pixels).
const HEIGHT: f64 = 16.0;

/// Functions that are narrower are left out (pixels).
const MIN_WIDTH: f64 = 0.2;

/// The width of a letter (pixels).
const LETTER: f64 = 6.6;

/// Room for the title (pixels).
const HEAD: f64 = 28.0;

/// A function and those that it called.
#[derive(Default)]
struct Node<'a> {
    weight: u64,
    called: BTreeMap<&'a str, Node<'a>>,
}

/// Where a function is drawn.
struct Drawn<'a> {
    name: &'a str,
    weight: u64,
    depth: usize,
    left: f64,
    width: f64,
}

/// Draws stacks, the outermost function first, with their weights in this unit.
pub(super) fn draw(stacks: &[(Vec<&str>, u64)], unit: &str, title: &str) -> String {
    let root = tree(stacks);
    let drawn = lay_out(&root);
    let depth = drawn.iter().map(|drawn| drawn.depth).max().unwrap_or(0);
    let height = HEAD + (depth + 1) as f64 * HEIGHT + HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#f8f8f8\"/>\n\
         <text x=\"{}\" y=\"18\" text-anchor=\"middle\" font-size=\"14\">{}</text>\n",
        WIDTH / 2.0,
        escaped(title)
    );
    for one in &drawn {
        let top = height - HEIGHT - (one.depth + 1) as f64 * HEIGHT;
        svg.push_str(&rectangle(one, top, &share(one.weight, root.weight, unit)));
    }
    svg.push_str("</svg>\n");
    svg
}

fn tree<'a>(stacks: &[(Vec<&'a str>, u64)]) -> Node<'a> {
    let mut root = Node::default();
    for (stack, weight) in stacks {
        let mut node = &mut root;
        node.weight = node.weight.saturating_add(*weight);
        for name in stack.iter().take(MAX_FLAME_DEPTH) {
            node = node.called.entry(name).or_default();
            node.weight = node.weight.saturating_add(*weight);
        }
    }
    root
}

/// Those above each other last, so that a limit leaves out what is far from the root.
fn lay_out<'a>(root: &Node<'a>) -> Vec<Drawn<'a>> {
    let scale = WIDTH / root.weight.max(1) as f64;
    let whole = Drawn { name: "all", weight: root.weight, depth: 0, left: 0.0, width: WIDTH };
    let mut drawn = vec![whole];
    let mut level = vec![(root, 0.0)];
    for depth in 1..=MAX_FLAME_DEPTH {
        let mut next = Vec::new();
        for (node, left) in level {
            let mut left: f64 = left;
            for (name, called) in &node.called {
                let width = called.weight as f64 * scale;
                if width >= MIN_WIDTH && drawn.len() < MAX_FLAME_FRAMES {
                    drawn.push(Drawn { name, weight: called.weight, depth, left, width });
                    next.push((called, left));
                }
                left += width;
            }
        }
        level = next;
    }
    drawn
}

fn rectangle(one: &Drawn<'_>, top: f64, share: &str) -> String {
    let Drawn { name, left, width, .. } = one;
    let name_escaped = escaped(name);
    let mut svg = format!(
        "<g><title>{name_escaped}: {share}</title>\
         <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
        HEIGHT - 1.0,
        colour(name)
    );
    let n_letters = ((width - 4.0) / LETTER).max(0.0) as usize;
    if n_letters >= 3 {
        let shown = escaped(&shortened(name, n_letters));
        // Writing to memory does not fail.
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{shown}</text>", left + 2.0, top + 11.5);
    }
    svg.push_str("</g>\n");
    svg
}

fn share(weight: u64, all: u64, unit: &str) -> String {
    let percent = 100.0 * weight as f64 / all.max(1) as f64;
    let amount = match unit {
        "nanoseconds" => format!("{:.3} s", weight as f64 * 1e-9),
        "bytes" => format!("{:.3} MiB", weight as f64 / f64::from(1 << 20)),
        unit => format!("{weight} {unit}"),
    };
    escaped(&format!("{amount}, {percent:.2} %"))
}

/// The same for a name in every picture, so that two can be compared.
fn colour(name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let (red, green, blue) = (205 + hash % 50, 80 + (hash >> 8) % 130, (hash >> 16) % 60);
    format!("rgb({red},{green},{blue})")
}

fn shortened(name: &str, n_letters: usize) -> String {
    if name.chars().count() <= n_letters {
        return name.to_owned();
    }
    name.chars().take(n_letters.saturating_sub(2)).chain("..".chars()).collect()
}

/// What may stand in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write the others.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_shares() {
        let stacks = [(vec!["main", "a<b>"], 30), (vec!["main", "c"], 10), (vec!["idle"], 20)];
        let root = tree(&stacks);
        let drawn = lay_out(&root);
        let got: Vec<_> =
            drawn.iter().map(|d| (d.name, d.depth, d.left as i64, d.width as i64)).collect();
        let expected = [
            ("all", 0, 0, 1200),
            ("idle", 1, 0, 400),
            ("main", 1, 400, 800),
            ("a<b>", 2, 400, 600),
            ("c", 2, 1000, 200),
        ];
        assert_eq!(got, expected);
        let svg = draw(&stacks, "bytes", "x & y");
        assert!(svg.contains("x &amp; y") && svg.contains("a&lt;b&gt;: 0.000 MiB, 50.00 %"));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn nothing_deep_and_many() {
        assert!(draw(&[], "count", "nothing").contains("all"));
        let deep = vec!["f"; 10_000];
        assert!(draw(&[(deep, 1)], "count", "\u{1}").contains("<text"));
        let names: Vec<String> = (0..50_000).map(|n| format!("f{n}")).collect();
        let many: Vec<_> = names.iter().map(|name| (vec![name.as_str()], u64::MAX)).collect();
        assert!(draw(&many, "count", "many").len() < 10 << 20);
    }
}
