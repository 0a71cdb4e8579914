//! The file of a backup: tar, gzip, and age around it.
//! What is inside is hostile until it fits: only the files that the manifest names, under plain
//! relative paths, each with its hash and size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use age::x25519;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupError, MAX_FILES, MAX_UNPACKED_BYTES, at};
use crate::config::DEFAULT_MODELS;
use crate::model::hex;

/// The version of the format.
const FORMAT: u32 = 1;

/// The largest manifest.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// What a backup holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    striatum: String,
    files: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    bytes: u64,
    sha256: String,
}

/// SHA-256 and size of a file.
pub(super) fn hash(path: &Path) -> Result<(String, u64), BackupError> {
    let file = File::open(path).map_err(at(path))?;
    pour(file, std::io::sink()).map_err(at(path))
}

/// Copies everything; its SHA-256 and size.
fn pour(mut from: impl Read, mut to: impl Write) -> std::io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok((hex(&hash.finalize()), bytes));
        }
        hash.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        bytes += n as u64;
    }
}

/// Packs a database and a folder of models; how many files.
pub(super) fn pack(
    database: &Path,
    models: &Path,
    to: &Path,
    recipients: &[x25519::Recipient],
) -> Result<usize, BackupError> {
    let mut files = vec![("store.db".to_owned(), database.to_owned())];
    // Who named no folder of models need not have one.
    match models.try_exists() {
        Ok(false) if models == Path::new(DEFAULT_MODELS) => {
            tracing::warn!("no folder {DEFAULT_MODELS}: the backup has no models");
        }
        _ => collect(models, "models", &mut files)?,
    }
    let mut entries = BTreeMap::new();
    for (name, path) in &files {
        let (sha256, bytes) = hash(path)?;
        entries.insert(name.clone(), Entry { bytes, sha256 });
    }
    let manifest =
        Manifest { format: FORMAT, striatum: env!("CARGO_PKG_VERSION").into(), files: entries };
    let manifest = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    let out = BufWriter::new(File::create(to).map_err(at(to))?);
    if recipients.is_empty() {
        return write(out, &manifest, &files, to);
    }
    let wrong =
        |e: &dyn std::fmt::Display| BackupError::Key { what: "recipient", problem: e.to_string() };
    let keys = recipients.iter().map(|r| r as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(keys).map_err(|e| wrong(&e))?;
    let out = encryptor.wrap_output(out).map_err(at(to))?;
    write(out, &manifest, &files, to)
}

/// What has to be done at the end of a writer.
trait Finish: Write {
    fn finish(self) -> std::io::Result<()>;
}

impl Finish for BufWriter<File> {
    fn finish(self) -> std::io::Result<()> {
        self.into_inner()?.sync_all()
    }
}

impl Finish for age::stream::StreamWriter<BufWriter<File>> {
    fn finish(self) -> std::io::Result<()> {
        self.finish()?.finish()
    }
}

fn write(
    out: impl Finish,
    manifest: &[u8],
    files: &[(String, PathBuf)],
    to: &Path,
) -> Result<usize, BackupError> {
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    tar.append_data(&mut header, "manifest.json", manifest).map_err(at(to))?;
    for (name, path) in files {
        let mut file = File::open(path).map_err(at(path))?;
        tar.append_file(name, &mut file).map_err(at(path))?;
    }
    let gzip = tar.into_inner().map_err(at(to))?;
    gzip.finish().map_err(at(to))?.finish().map_err(at(to))?;
    Ok(files.len())
}

/// The files of a folder, by their path inside the archive; links are left out.
fn collect(
    folder: &Path,
    name: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), BackupError> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .map_err(at(folder))?
        .collect::<Result<_, _>>()
        .map_err(at(folder))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(at(&entry.path()))?;
        let Ok(own) = entry.file_name().into_string() else { continue };
        if own.starts_with('.') || files.len() >= MAX_FILES {
            continue;
        }
        let name = format!("{name}/{own}");
        if kind.is_dir() {
            collect(&entry.path(), &name, files)?;
        } else if kind.is_file() {
            files.push((name, entry.path()));
        }
    }
    Ok(())
}

/// Unpacks a backup and checks every file against the manifest; what is wrong.
pub(super) fn unpack(
    path: &Path,
    identities: &[x25519::Identity],
    into: &Path,
) -> Result<(), String> {
    let said = |e: std::io::Error| e.to_string();
    let file = BufReader::new(File::open(path).map_err(said)?);
    if path.extension().is_some_and(|end| end == "age") {
        if identities.is_empty() {
            return Err("it is encrypted, an identity is needed".into());
        }
        let decryptor = age::Decryptor::new_buffered(file).map_err(|e| e.to_string())?;
        let keys = identities.iter().map(|i| i as &dyn age::Identity);
        let reader = decryptor.decrypt(keys).map_err(|e| e.to_string())?;
        return read(reader, into);
    }
    read(file, into)
}

fn read(packed: impl Read, into: &Path) -> Result<(), String> {
    let said = |e: std::io::Error| e.to_string();
    let mut tar = tar::Archive::new(GzDecoder::new(packed).take(MAX_UNPACKED_BYTES));
    let mut entries = tar.entries().map_err(said)?;
    let first = entries.next().ok_or("it is empty")?.map_err(said)?;
    if first.path().map_err(said)? != Path::new("manifest.json") {
        return Err("it does not begin with manifest.json".into());
    }
    let mut text = Vec::new();
    first.take(MAX_MANIFEST_BYTES).read_to_end(&mut text).map_err(said)?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    if manifest.format != FORMAT {
        return Err(format!("format {}, this program knows {FORMAT}", manifest.format));
    }
    let mut left = manifest.files;
    for entry in entries {
        let mut entry = entry.map_err(said)?;
        let name = entry.path().map_err(said)?.to_string_lossy().into_owned();
        let expected = left.remove(&name).ok_or(format!("{name} is not in the manifest"))?;
        let plain = Path::new(&name).components().all(|c| matches!(c, Component::Normal(_)));
        if !plain || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(format!("{name} is no plain file"));
        }
        let to = into.join(&name);
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder).map_err(said)?;
        }
        let mut out = File::create_new(&to).map_err(said)?;
        let (sha256, bytes) = pour(&mut entry, &mut out).map_err(said)?;
        out.sync_all().map_err(said)?;
        if bytes != expected.bytes || sha256 != expected.sha256 {
            return Err(format!("{name} is not what the manifest says"));
        }
    }
    if let Some((name, _)) = left.first_key_value() {
        return Err(format!("{name} is missing"));
    }
    // A repository without models is one too.
    std::fs::create_dir_all(into.join("models")).map_err(said)
}

/// Copies a folder of plain files.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), BackupError> {
    std::fs::create_dir_all(to).map_err(at(to))?;
    for entry in std::fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(at(&target))?;
        }
    }
    Ok(())
}
