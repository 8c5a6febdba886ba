//! What a run is called: what the user says, else the commit that a CI or the repository of the current folder names.

use std::fs;
use std::path::{Path, PathBuf};

/// Variables in which a CI names the commit: GitHub's and GitLab's.
const CI: [&str; 2] = ["GITHUB_SHA", "CI_COMMIT_SHA"];
/// A label stands in a column of a table.
const LONGEST: usize = 100;

/// The label of a run: what was typed (or `SOAK_LABEL`), else the commit, else none.
pub(super) fn of_run(typed: Option<String>) -> Option<String> {
    let from_ci = || CI.iter().find_map(|name| std::env::var(name).ok()).filter(|commit| is_commit(commit));
    let from_folder = || commit_of(&std::env::current_dir().ok()?);
    let label = typed.or_else(from_ci).or_else(from_folder)?;
    // One line, whatever was typed.
    let label: String = label.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let label = label.trim();
    (!label.is_empty()).then(|| label.to_owned())
}

/// The commit that is checked out in the git repository that a folder lies in, without running git: gitrepository-layout(5).
fn commit_of(folder: &Path) -> Option<String> {
    let git = folder.ancestors().find_map(git_folder)?;
    let head = read(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref:") else { return is_commit(&head).then_some(head) };
    let name = name.trim();
    // What a repository says is no path to follow anywhere.
    if !name.starts_with("refs/") || name.split('/').any(|part| part.is_empty() || part == "..") {
        return None;
    }
    // A worktree has a HEAD of its own and shares the branches.
    let shared = read(&git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path));
    let loose = [&git, &shared].into_iter().find_map(|place| read(&place.join(name)));
    loose.filter(|commit| is_commit(commit)).or_else(|| packed(&shared, name))
}

/// The repository's own folder: `.git`, or what the file of that name in a worktree or submodule points to.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let pointer = read(&git)?;
    Some(folder.join(pointer.strip_prefix("gitdir:")?.trim()))
}

fn packed(shared: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(shared.join("packed-refs")).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.into_iter().find(|(commit, of)| *of == name && is_commit(commit)).map(|(commit, _)| commit.to_owned())
}

/// SHA-1 and SHA-256.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A short file's only line; such files are a line long, and what is longer is something else.
fn read(path: &Path) -> Option<String> {
    let is_short = fs::metadata(path).ok()?.len() < 4096;
    let text = is_short.then(|| fs::read_to_string(path).ok()).flatten()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn written(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_commit_is_found_from_a_folder_within_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(commit_of(&deep), None);
        written(folder.path(), ".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(commit_of(&deep), None, "a branch without a commit");
        written(folder.path(), ".git/packed-refs", &format!("# pack-refs\n{COMMIT} refs/heads/main\n^{COMMIT}\n"));
        assert_eq!(commit_of(&deep).as_deref(), Some(COMMIT));
        let newer = COMMIT.replace('0', "f");
        written(folder.path(), ".git/refs/heads/main", &format!("{newer}\n"));
        assert_eq!(commit_of(&deep), Some(newer), "a loose ref goes before a packed one");
        written(folder.path(), ".git/HEAD", COMMIT);
        assert_eq!(commit_of(&deep).as_deref(), Some(COMMIT), "a detached head");
    }

    #[test]
    fn a_worktree_finds_its_own_branch() {
        let folder = tempfile::tempdir().unwrap();
        let (main, tree) = (folder.path().join("main"), folder.path().join("tree"));
        written(&main, ".git/HEAD", "ref: refs/heads/main\n");
        written(&main, ".git/refs/heads/topic", &format!("{COMMIT}\n"));
        written(&main, ".git/worktrees/tree/HEAD", "ref: refs/heads/topic\n");
        written(&main, ".git/worktrees/tree/commondir", "../..\n");
        written(&tree, ".git", &format!("gitdir: {}\n", main.join(".git/worktrees/tree").display()));
        assert_eq!(commit_of(&tree).as_deref(), Some(COMMIT));
    }

    #[test]
    fn what_is_no_commit_is_none() {
        for head in ["", "ref:", "ref: refs/../../etc/passwd", "ref: /etc/passwd", "not a commit", &"x".repeat(9000)] {
            let folder = tempfile::tempdir().unwrap();
            written(folder.path(), ".git/HEAD", head);
            assert_eq!(commit_of(folder.path()), None, "{head}");
        }
    }

    #[test]
    fn what_was_typed_goes_first_and_is_one_line() {
        assert_eq!(of_run(Some(" release\n1.2 ".into())).as_deref(), Some("release 1.2"));
        assert_eq!(of_run(Some("x".repeat(500))).map(|label| label.len()), Some(LONGEST));
    }
}
