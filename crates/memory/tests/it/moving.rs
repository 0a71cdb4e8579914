//! Exports come back byte for byte, and files that are not whole are refused as a whole.

use memory::{Config, Existing, Memory, Patch};

use crate::{NOW, by, exported, metadata, of_user, open, store};

async fn filled(folder: &std::path::Path) -> Memory {
    let memory = open(&store(folder), "acme", Config::default()).await;
    for k in 0..20 {
        let mut new = of_user(&format!("Note {k} for Ada Lovelace"), "ada");
        new.metadata =
            metadata(&[("third", (1.0 / 3.0 * f64::from(k)).into()), ("on", true.into())]);
        let id = memory.store(new, &by(NOW + i64::from(k))).await.unwrap().item.id;
        if k % 3 == 0 {
            let patch = Patch { text: Some(format!("Note {k}, mended")), ..Patch::default() };
            memory.update(id, patch, &by(NOW + 100)).await.unwrap();
        }
        if k % 5 == 0 {
            memory.delete(id, &by(NOW + 200)).await.unwrap();
        }
    }
    let messages = [memory::Message {
        role: "user".into(),
        content: "We decided to use Rust because Rust is fast.".into(),
    }];
    memory.learn(&messages, &memory::Scope::default(), &by(NOW + 300)).await.unwrap();
    memory
}

#[tokio::test]
async fn an_export_comes_back_byte_for_byte() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = filled(from.path()).await;
    let file = exported(&memory).await;
    let other = open(&store(to.path()), "other", Config::default()).await;
    let done = other.import(&file, Existing::Refuse).await.unwrap();
    assert!(done.memories >= 20 && done.skipped == 0, "{done:?}");
    assert_eq!(exported(&other).await, file);
    let query = memory::Query::new("mended note");
    assert_eq!(crate::found(&other, &query)[..3], crate::found(&memory, &query)[..3]);
    let again = other.import(&file, Existing::Refuse).await.unwrap_err().to_string();
    assert!(again.contains("is there already"), "{again}");
    let skipped = other.import(&file, Existing::Skip).await.unwrap();
    assert_eq!((skipped.memories, skipped.skipped), (0, done.memories));
    assert_eq!(exported(&other).await, file);
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_refused_as_a_whole() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = exported(&filled(from.path()).await).await;
    let other = open(&store(to.path()), "other", Config::default()).await;
    let lines: Vec<&[u8]> = file.split_inclusive(|&b| b == b'\n').collect();
    let without_last = lines[..lines.len() - 1].concat();
    let without_one = [lines[..3].concat(), lines[4..].concat()].concat();
    let mut flipped = file.clone();
    let text = file.windows(7).position(|w| w == b"mended\"").unwrap();
    flipped[text] = b'M';
    for (file, expected) in [
        (without_last, "the file ends here"),
        (without_one, "lines before it, expected"),
        (flipped, "SHA-256"),
        (b"{\"type\":\"end\"}\n".to_vec(), "line 1"),
        (b"not json\n".to_vec(), "line 1: expected"),
        (Vec::new(), "the file ends here"),
    ] {
        let error = other.import(&file, Existing::Refuse).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} says {expected:?}");
    }
    assert_eq!(other.stats().unwrap().active, 0);
}

#[tokio::test]
async fn emptying_leaves_nothing_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let memory = filled(folder.path()).await;
    memory.erase_all().await.unwrap();
    assert_eq!(memory.stats().unwrap().bytes, 0);
    memory.store(of_user("a new beginning", "ada"), &by(NOW)).await.unwrap();
    assert_eq!(memory.stats().unwrap().active, 1);
}
