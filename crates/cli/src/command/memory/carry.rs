//! `striatum memory export`, `import` and `reset`: everything that is remembered, as a file, or gone.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Write everything that is remembered and known into a file: JSON lines with a checksum.
///
/// The file appears under its name when it is whole.
#[derive(Args)]
pub(super) struct Export {
    /// The file; `-` for standard output.
    file: PathBuf,
    #[command(flatten)]
    server: ServerFlags,
}

/// Take in a file that an export wrote; it is checked as a whole before anything is written.
#[derive(Args)]
pub(super) struct Import {
    /// The file.
    file: PathBuf,
    /// What becomes of memories that are there already.
    #[arg(long, value_enum, default_value = "refuse")]
    existing: Existing,
    #[command(flatten)]
    server: ServerFlags,
}

/// Remove everything that a tenant remembers and knows, for good.
#[derive(Args)]
pub(super) struct Reset {
    /// The tenant of the key, by its name, so that nobody empties another by mistake.
    tenant: String,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Existing {
    /// Nothing is imported.
    Refuse,
    /// They stay as they are.
    Skip,
}

/// What was written.
#[derive(Default)]
struct Written {
    memories: u64,
    bytes: u64,
    whole: bool,
}

impl Export {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let answer = client.raw("GET", "/v1/memory/export", "", Vec::new())?;
        let from = BufReader::new(answer.into_body().into_reader());
        let out = self.file == Path::new("-");
        let written = if out {
            copy(from, &mut std::io::stdout().lock(), Path::new("standard output"))?
        } else {
            self.write_to(from)?
        };
        if !written.whole {
            bail!("the server ended in the middle: what came is no whole export");
        }
        let Written { memories, bytes, .. } = written;
        if json && !out {
            println!("{:#}", json!({ "memories": memories, "bytes": bytes, "file": self.file }));
        } else {
            eprintln!("{memories} memories, {}", HumanBytes(bytes));
        }
        Ok(Outcome::Done)
    }

    fn write_to(&self, from: impl BufRead) -> Result<Written> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut part = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .with_context(|| self.file.display().to_string())?;
        let written = copy(from, part.as_file_mut(), &self.file)?;
        if written.whole {
            part.as_file().sync_all()?;
            part.persist(&self.file).with_context(|| self.file.display().to_string())?;
        }
        Ok(written)
    }
}

/// Copies lines, and looks whether the last says that it is the last.
fn copy(mut from: impl BufRead, to: &mut impl Write, name: &Path) -> Result<Written> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("memories {pos} {per_sec}")?);
    let mut written = Written::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = from.read_until(b'\n', &mut line).context("the server's answer")?;
        if n == 0 {
            bar.finish_and_clear();
            return Ok(written);
        }
        to.write_all(&line).with_context(|| name.display().to_string())?;
        written.bytes += n as u64;
        written.whole = line.ends_with(b"\n") && is(&line, "end");
        if is(&line, "memory") {
            written.memories += 1;
            bar.inc(1);
        }
    }
}

/// Whether a line of an export is of a type, which it begins with.
fn is(line: &[u8], kind: &str) -> bool {
    line.starts_with(format!("{{\"type\":\"{kind}\"").as_bytes())
}

impl Reset {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let meant = json!({ "tenant": self.tenant });
        Client::of(&self.server).send("POST", "/v1/memory/reset", &meant)?;
        if json {
            println!("{:#}", json!({ "reset": self.tenant }));
        } else {
            println!("{} remembers and knows nothing any more", self.tenant);
        }
        Ok(Outcome::Done)
    }
}

impl Import {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let name = || self.file.display().to_string();
        let size =
            File::open(&self.file).and_then(|file| file.metadata()).with_context(name)?.len();
        if size > memory::MAX_FILE_BYTES as u64 {
            bail!("{}: {size} bytes, expected at most {}", name(), memory::MAX_FILE_BYTES);
        }
        let file = std::fs::read(&self.file).with_context(name)?;
        if file.is_empty() {
            bail!("{}: expected an export, found an empty file", name());
        }
        let existing =
            self.existing.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
        let path = format!("/v1/memory/import?existing={existing}");
        let answer = Client::of(&self.server).raw("POST", &path, "application/x-ndjson", file);
        let answer = answer.with_context(name)?.into_body().read_to_string()?;
        let done: Value = serde_json::from_str(&answer).context("the answer to the import")?;
        if json {
            println!("{done:#}");
        } else {
            let n = |what: &str| super::field(&done, what);
            println!(
                "{} memories, {} were there; {} collections, {} records of knowledge",
                n("memories"),
                n("skipped"),
                n("collections"),
                n("knowledge")
            );
        }
        Ok(Outcome::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::copy;
    use std::path::Path;

    #[test]
    fn an_export_that_was_cut_off_is_not_whole() {
        let whole = "{\"type\":\"striatum\"}\n{\"type\":\"memory\"}\n{\"type\":\"end\"}\n";
        let read = |text: &str| copy(text.as_bytes(), &mut Vec::new(), Path::new("-")).unwrap();
        assert!(read(whole).whole && read(whole).memories == 1);
        for cut in 0..whole.len() {
            assert!(!read(&whole[..cut]).whole, "{cut}");
        }
    }
}
