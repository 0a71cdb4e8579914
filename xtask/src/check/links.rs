//! Every relative link in our Markdown leads to a file, and its anchor to a heading.
//!
//! Links to the web are not followed: a check must not fail because another machine is down.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use crate::markdown;
use crate::repo::Repo;

pub(super) fn run(repo: &Repo) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for page in repo.files("md")? {
        let text = repo.read(&page)?;
        for (line, target) in markdown::links(&text) {
            if let Some(problem) = problem_with(repo, &page, &target)? {
                problems.push(format!("{page}:{line}: `{target}` {problem}"));
            }
        }
    }
    Ok(problems)
}

fn problem_with(repo: &Repo, page: &str, target: &str) -> Result<Option<String>> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(page, path) else {
        return Ok(Some("leads out of the repository".into()));
    };
    if !repo.exists(&path) {
        return Ok(Some(format!("leads to {path}, which does not exist")));
    }
    if anchor.is_empty() || !path.ends_with(".md") {
        return Ok(None);
    }
    let found = markdown::anchors(&repo.read(&path)?).iter().any(|other| other == anchor);
    Ok((!found).then(|| format!("names a heading that {path} does not have")))
}

/// The path from the root that a link on this page means; `None` if it leads above the root.
fn resolve(page: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let from_page = Path::new(page).parent()?.join(path);
    let mut resolved = PathBuf::new();
    for component in from_page.components() {
        match component {
            Component::Normal(part) => resolved.push(part),
            Component::ParentDir if resolved.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(resolved.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_resolve_from_their_page() {
        assert_eq!(resolve("docs/a.md", "b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(resolve("docs/a.md", "../README.md").as_deref(), Some("README.md"));
        assert_eq!(resolve("README.md", "./docs/").as_deref(), Some("docs"));
        assert_eq!(resolve("README.md", "").as_deref(), Some("README.md"));
        assert_eq!(resolve("README.md", "../elsewhere.md"), None);
        assert_eq!(resolve("README.md", "/etc/hosts"), None);
    }

    #[test]
    fn each_kind_of_broken_link_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo { root: folder.path().to_owned() };
        let page = "# One\n[good](b.md#two) [web](https://example.org/x)\n[gone](c.md)\n[no](b.md#no)\n[up](../x)\n";
        std::fs::write(folder.path().join("a.md"), page).unwrap();
        std::fs::write(folder.path().join("b.md"), "## Two\n[self](#two)\n").unwrap();
        let expected = [
            "a.md:3: `c.md` leads to c.md, which does not exist",
            "a.md:4: `b.md#no` names a heading that b.md does not have",
            "a.md:5: `../x` leads out of the repository",
        ];
        assert_eq!(run(&repo).unwrap(), expected);
    }
}
