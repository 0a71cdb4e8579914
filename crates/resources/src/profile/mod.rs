//! Where time goes and who holds memory, as `go tool pprof` reads it or as a flame graph.

pub mod cpu;
mod flame;
pub mod heap;
pub mod proto;

use std::collections::HashMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;

use crate::error::Error;

pub use flame::{MAX_FLAME_DEPTH, MAX_FLAME_FRAMES};

/// The largest profile that is read, when it is unpacked (bytes).
pub const MAX_PROFILE_BYTES: u64 = 256 << 20;

/// A profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    proto: proto::Profile,
}

impl Profile {
    /// The profile as a message.
    pub fn proto(&self) -> &proto::Profile {
        &self.proto
    }

    /// As `go tool pprof` reads it: the message, packed by gzip.
    pub fn to_pprof(&self) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory does not fail.
        drop(packer.write_all(&self.proto.encode_to_vec()));
        packer.finish().unwrap_or_default()
    }

    /// Reads what [`Profile::to_pprof`] writes.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] where it is not packed, not a profile, or larger than
    /// [`MAX_PROFILE_BYTES`].
    pub fn from_pprof(packed: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Profile { what: "pprof", reason };
        let mut bytes = Vec::new();
        let mut unpacked = GzDecoder::new(packed).take(MAX_PROFILE_BYTES + 1);
        unpacked.read_to_end(&mut bytes).map_err(|e| wrong(format!("not gzip: {e}")))?;
        if bytes.len() as u64 > MAX_PROFILE_BYTES {
            return Err(wrong(format!("larger than {MAX_PROFILE_BYTES} bytes")));
        }
        let proto = proto::Profile::decode(&*bytes).map_err(|e| wrong(e.to_string()))?;
        Ok(Self { proto })
    }

    /// A flame graph: a picture (SVG) in which each function is as wide as its share, above the one
    /// that called it. Pointing at one shows its name and share.
    pub fn to_flame_graph(&self, title: &str) -> String {
        flame::draw(&self.folded(), self.unit(), title)
    }

    /// Each stack, the outermost function first, and how much it weighs.
    pub fn folded(&self) -> Vec<(Vec<&str>, u64)> {
        let functions: HashMap<u64, &str> =
            self.proto.function.iter().map(|f| (f.id, self.string(f.name))).collect();
        let locations: HashMap<u64, &proto::Location> =
            self.proto.location.iter().map(|location| (location.id, location)).collect();
        let names = |id: &u64| {
            let lines = locations.get(id).map(|location| &*location.line).unwrap_or_default();
            // The innermost of those that were inlined comes first.
            lines.iter().filter_map(|line| functions.get(&line.function_id).copied())
        };
        let weight = |sample: &proto::Sample| {
            sample.value.last().and_then(|weight| u64::try_from(*weight).ok()).unwrap_or(0)
        };
        let stack = |sample: &proto::Sample| {
            let mut stack: Vec<&str> = sample.location_id.iter().flat_map(names).collect();
            stack.reverse();
            stack
        };
        self.proto.sample.iter().map(|sample| (stack(sample), weight(sample))).collect()
    }

    /// The unit of the weights: of the last kind of value, as [`Profile::folded`].
    fn unit(&self) -> &str {
        self.proto.sample_type.last().map(|kind| self.string(kind.unit)).unwrap_or_default()
    }

    fn string(&self, idx: i64) -> &str {
        let idx = usize::try_from(idx).ok();
        idx.and_then(|idx| self.proto.string_table.get(idx)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::proto::Writer;

    fn profile() -> Profile {
        let mut writer = Writer::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
        let main = writer.location("main", "main.rs", 1);
        let leaf = writer.location("a<b>", "a.rs", 7);
        assert_eq!(writer.location("main", "main.rs", 1), main);
        writer.sample(vec![leaf, main], vec![2, 20], "worker");
        writer.sample(vec![main], vec![1, 10], "worker");
        Profile { proto: writer.finish() }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let packed = profile().to_pprof();
        assert_eq!(Profile::from_pprof(&packed).unwrap(), profile());
        assert_eq!(profile().folded(), [(vec!["main", "a<b>"], 20), (vec!["main"], 10)]);
        assert_eq!(profile().unit(), "nanoseconds");
    }

    #[test]
    fn what_is_broken_is_refused_or_read_and_never_a_panic() {
        let packed = profile().to_pprof();
        assert!(Profile::from_pprof(b"").is_err());
        for end in 0..packed.len() {
            assert!(Profile::from_pprof(&packed[..end]).is_err(), "{end}");
        }
        let bytes = profile().proto.encode_to_vec();
        for idx in 0..bytes.len() {
            for bit in 0..8 {
                let mut broken = bytes.clone();
                broken[idx] ^= 1 << bit;
                if let Ok(proto) = proto::Profile::decode(&*broken) {
                    let profile = Profile { proto };
                    assert!(profile.to_flame_graph("broken").ends_with("</svg>\n"));
                }
            }
        }
    }
}
