//! `striatum memory store --file`: memories from JSON lines, checked as a whole, sent in batches.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::ScopeFlags;
use crate::Outcome;
use crate::command::client::{Client, of_memory, refused_with};

/// The largest file.
const MAX_FILE_BYTES: u64 = 2 << 30;
/// Memories of one request.
const BATCH: usize = 200;
/// The size from which a request takes no more.
const BATCH_BYTES: usize = 1 << 20;
/// Problems of a file that are told.
const MAX_PROBLEMS: usize = 20;

/// What came of a file.
#[derive(Default)]
struct Done {
    stored: u64,
    reinforced: u64,
    quarantined: u64,
    skipped: u64,
}

/// A line: its number from 1, and its name where it has one.
struct Line<'a> {
    number: usize,
    text: &'a str,
    id: Option<String>,
}

/// Sends what a file has, each line with the scope and fields that it does not say itself.
pub(super) fn store(
    client: &Client,
    path: &Path,
    scope: &ScopeFlags,
    fields: &Map<String, Value>,
    json: bool,
) -> Result<Outcome> {
    let file = read(path)?;
    let all = checked(&file).with_context(|| path.display().to_string())?;
    let bar = ProgressBar::new(all.len() as u64);
    bar.set_style(ProgressStyle::with_template("memories {bar:40} {pos}/{len} {per_sec}, {eta}")?);
    let mut sender = Sender { client, scope, fields, resuming: true, done: Done::default() };
    let mut seen = HashSet::new();
    let (twice, all): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|line| line.id.clone().is_some_and(|id| !seen.insert(id)));
    sender.done.skipped = twice.len() as u64;
    bar.inc(twice.len() as u64);
    for batch in batches(&all) {
        sender.send(batch)?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let Done { stored, reinforced, quarantined, skipped } = sender.done;
    if json {
        let done = json!({ "stored": stored, "reinforced": reinforced,
                           "quarantined": quarantined, "skipped": skipped });
        println!("{done:#}");
    } else {
        println!(
            "{stored} are remembered, {skipped} were there by name, {reinforced} word for word"
        );
        if quarantined > 0 {
            println!("{quarantined} are held back until somebody has looked at them");
        }
    }
    Ok(if quarantined > 0 { Outcome::No } else { Outcome::Done })
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let name = || path.display().to_string();
    let n = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).with_context(name)?;
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)
    };
    if n.with_context(name)? as u64 > MAX_FILE_BYTES {
        bail!("{}: expected at most {MAX_FILE_BYTES} bytes", name());
    }
    Ok(text)
}

/// The lines of a file, or everything that is wrong with them.
fn checked(file: &str) -> Result<Vec<Line<'_>>> {
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for (k, text) in file.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => {
                let id = fields.get("id").and_then(Value::as_str).map(str::to_lowercase);
                lines.push(Line { number: k + 1, text, id });
            }
            Ok(_) => problems.push(format!("line {}: expected a JSON object", k + 1)),
            Err(error) => problems.push(format!("line {}: {error}", k + 1)),
        }
    }
    let n = problems.len();
    if n > 0 {
        problems.truncate(MAX_PROBLEMS);
        bail!("{n} lines cannot be read, nothing is stored:\n{}", problems.join("\n"));
    }
    if lines.is_empty() {
        bail!("expected a memory on each line");
    }
    Ok(lines)
}

/// Lines that go together, up to their limits.
fn batches<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = &'a [Line<'a>]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH).take_while(|line| {
            let room = bytes < BATCH_BYTES;
            bytes += line.text.len();
            room
        });
        let (batch, after) = rest.split_at(fits.count());
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Sends lines, and leaves out those that the server has.
struct Sender<'a> {
    client: &'a Client,
    scope: &'a ScopeFlags,
    fields: &'a Map<String, Value>,
    /// Whether the lines before were there already: it is asked for each name then.
    resuming: bool,
    done: Done,
}

impl Sender<'_> {
    fn send(&mut self, batch: &[Line<'_>]) -> Result<()> {
        let mut new: Vec<&Line<'_>> = batch.iter().collect();
        if self.resuming {
            new = self.absent(new)?;
            self.resuming = new.len() < batch.len();
        }
        match self.stored(&new) {
            // Somebody stored one of them in the meantime, or the file is not in its old order.
            Err(error) if refused_with(&error, 409) => {
                self.resuming = true;
                new.iter().try_for_each(|line| self.alone(line))
            }
            done => done,
        }
    }

    /// Those whose names the server does not have.
    fn absent<'a, 'b>(&mut self, lines: Vec<&'a Line<'b>>) -> Result<Vec<&'a Line<'b>>> {
        let mut absent = Vec::new();
        for line in lines {
            let there = match &line.id {
                None => false,
                Some(id) => match self.client.get(&of_memory(id, ""), &[]) {
                    Ok(_) => true,
                    Err(error) if refused_with(&error, 404) => false,
                    Err(error) => return Err(error),
                },
            };
            if there {
                self.done.skipped += 1;
            } else {
                absent.push(line);
            }
        }
        Ok(absent)
    }

    fn alone(&mut self, line: &Line<'_>) -> Result<()> {
        match self.stored(&[line]) {
            Err(error) if refused_with(&error, 409) => {
                self.done.skipped += 1;
                Ok(())
            }
            done => done,
        }
    }

    fn stored(&mut self, lines: &[&Line<'_>]) -> Result<()> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
        let memories = lines.iter().map(|line| self.document(line)).collect::<Result<Vec<_>>>()?;
        let body = json!({ "memories": memories });
        let answer = self.client.send("POST", "/v1/memories/batch", &body);
        let where_ =
            || format!("lines {} to {}; those before are remembered", first.number, last.number);
        let answer = match answer {
            Err(error) if refused_with(&error, 409) => return Err(error),
            other => other.with_context(where_)?,
        };
        for stored in super::results(&answer) {
            match stored["outcome"].as_str() {
                Some("reinforced") => self.done.reinforced += 1,
                Some("quarantined") => self.done.quarantined += 1,
                _ => self.done.stored += 1,
            }
        }
        Ok(())
    }

    fn document(&self, line: &Line<'_>) -> Result<Value> {
        let mut document: Value = serde_json::from_str(line.text)?;
        for (name, value) in self.fields {
            if document[name].is_null() {
                document[name] = value.clone();
            }
        }
        self.scope.fill(&mut document);
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, batches, checked};

    #[test]
    fn every_bad_line_of_a_file_is_told() {
        let error = checked("{\"text\":\"a\"}\n[1]\n\n{\n").map(drop).unwrap_err().to_string();
        assert!(error.contains("2 lines") && error.contains("line 2") && error.contains("line 4"));
        assert!(checked("\n\n").is_err());
    }

    #[test]
    fn batches_are_all_lines_in_order() {
        let file = "{\"text\":\"a\"}\n".repeat(2 * BATCH + 1);
        let lines = checked(&file).unwrap();
        let sizes: Vec<_> = batches(&lines).map(<[_]>::len).collect();
        assert_eq!(sizes, [BATCH, BATCH, 1]);
        let large = format!("{{\"text\":\"{}\"}}\n", "a".repeat(900_000)).repeat(5);
        let lines = checked(&large).unwrap();
        let sizes: Vec<_> = batches(&lines).map(<[_]>::len).collect();
        assert_eq!(sizes, [2, 2, 1]);
    }
}
