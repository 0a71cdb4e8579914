//! Files in `changelog.d/` are named `NAME.KIND.md` and say something.

use anyhow::Result;

use crate::repo::Repo;

const FOLDER: &str = "changelog.d";
const KINDS: &[&str] = &["added", "changed", "fixed", "removed"];

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for path in repo.files_under(FOLDER)? {
        let name = path.strip_prefix("changelog.d/").unwrap_or(&path);
        if name == "README.md" {
            continue;
        }
        if !is_valid(name) {
            problems.push(format!("{path}: expected NAME.KIND.md, KIND {}", KINDS.join("|")));
        } else if repo.read(&path)?.trim().is_empty() {
            problems.push(format!("{path}: says nothing"));
        }
    }
    Ok(problems)
}

fn is_valid(file: &str) -> bool {
    let parts: Vec<&str> = file.split('.').collect();
    let [name, kind, "md"] = parts[..] else { return false };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.chars().all(allowed) && KINDS.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        assert!(is_valid("npz-fortran-order.fixed.md"));
        for bad in [
            "npz.md",
            "npz.broken.md",
            "Npz.fixed.md",
            ".fixed.md",
            "a.b.fixed.md",
            "npz.fixed.txt",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn an_empty_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { root: folder.path().to_owned() };
        assert_eq!(run(&repo).unwrap(), [""; 0]);
        std::fs::create_dir(folder.path().join(FOLDER)).unwrap();
        std::fs::write(folder.path().join("changelog.d/a.added.md"), " \n").unwrap();
        std::fs::write(folder.path().join("changelog.d/b.added.md"), "It counts.\n").unwrap();
        assert_eq!(run(&repo).unwrap(), ["changelog.d/a.added.md: says nothing"]);
    }
}
