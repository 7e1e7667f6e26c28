//! Which file `--file` means.

use std::path::{Path, PathBuf};

/// The name of a stack file, unless `--file` gives another one.
pub(super) const DEFAULT: &str = "stack.yaml";

/// The file that the user means: of a folder its stack file.
pub(super) fn resolve(given: PathBuf) -> PathBuf {
    if given.is_dir() { given.join(DEFAULT) } else { given }
}

/// The stack file of the folder above, in which a command is run without a name: the nearest one, as seen from the current
/// folder. It is looked for within a repository only: what lies above is another project.
fn above(folder: &Path) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for above in folder.ancestors() {
        let file = above.join(DEFAULT);
        if file.is_file() {
            return Some(up.join(DEFAULT));
        }
        if above.join(".git").exists() {
            return None;
        }
        up.push("..");
    }
    None
}

/// The stack file of a folder, or of one above it within the same repository.
pub(super) fn near(folder: &Path) -> Option<PathBuf> {
    if folder.join(DEFAULT).is_file() || !is_in_repository(folder) {
        return None;
    }
    above(folder)
}

/// Whether a folder is in a repository.
fn is_in_repository(folder: &Path) -> bool {
    folder.ancestors().any(|above| above.join(".git").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stack_file_above_is_found_within_the_repository() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        let inner = root.path().join("project/lambdas/hello");
        std::fs::create_dir_all(&inner)?;
        std::fs::write(root.path().join("stack.yaml"), "")?;
        std::fs::create_dir(root.path().join("project/.git"))?;
        assert_eq!(above(&inner), None, "that is another project");
        std::fs::write(root.path().join("project/stack.yaml"), "")?;
        assert_eq!(above(&inner), Some(PathBuf::from("../../stack.yaml")));
        assert_eq!(above(&root.path().join("project")), Some(PathBuf::from("stack.yaml")));
        assert!(is_in_repository(&inner) && !is_in_repository(root.path()));
        Ok(())
    }

    #[test]
    fn a_folder_means_its_stack_file() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(resolve(folder.path().to_owned()), folder.path().join("stack.yaml"));
        let file = folder.path().join("other.yaml");
        assert_eq!(resolve(file.clone()), file);
        Ok(())
    }
}
