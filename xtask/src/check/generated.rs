//! Generated files are what `cargo xtask generate` would write, and nothing else lies among them.

use anyhow::Result;

use crate::generate::{FOLDERS, GENERATED, Generated};
use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    problems_with(repo, GENERATED)
}

fn problems_with(repo: &Repo, list: &[Generated]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for generated in list {
        let path = generated.path;
        let expected = (generated.text)(repo)?;
        let found = if repo.exists(path) { repo.read(path)? } else { String::new() };
        if found != expected {
            problems.push(format!("{path}: not current; run cargo xtask generate"));
        }
    }
    for folder in FOLDERS {
        for path in repo.files_under(folder)? {
            if !list.iter().any(|generated| generated.path == path) {
                problems.push(format!("{path}: nothing in xtask/src/generate.rs writes it"));
            }
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_missing_and_stray_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { root: folder.path().to_owned() };
        std::fs::create_dir_all(folder.path().join("docs/generated")).unwrap();
        for (name, text) in [("good.md", "now"), ("stale.md", "then"), ("stray.md", "whence")] {
            std::fs::write(folder.path().join("docs/generated").join(name), text).unwrap();
        }
        let list = ["docs/generated/good.md", "docs/generated/stale.md", "docs/generated/gone.md"]
            .map(|path| Generated { path, text: |_| Ok("now".into()) });
        let expected = [
            "docs/generated/stale.md: not current; run cargo xtask generate",
            "docs/generated/gone.md: not current; run cargo xtask generate",
            "docs/generated/stray.md: nothing in xtask/src/generate.rs writes it",
        ];
        assert_eq!(problems_with(&repo, &list).unwrap(), expected);
    }
}
