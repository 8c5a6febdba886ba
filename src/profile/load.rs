//! The ways to a profile: a file, a text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::environment::Environment;
use super::error::{Problem, ProfileError};
use super::model::Profile;
use super::read;

impl Profile {
    /// Reads a profile from a file. Files that it names are looked for from its folder.
    ///
    /// # Errors
    /// Where the file cannot be read, or with all that is wrong in it.
    pub fn load(path: &Path, environment: &dyn Environment) -> Result<Self, ProfileError> {
        let text = text_of(path)?;
        let name = path.file_stem().map_or_else(|| "profile".into(), |stem| stem.to_string_lossy());
        let folder = path.parent().unwrap_or(Path::new("."));
        read::read(&text, &name, folder, environment)
            .map_err(|problems| ProfileError::Wrong { name: path.display().to_string(), problems })
    }

    /// Reads a profile of this name from a text. Files that it names are looked for from the folder.
    ///
    /// # Errors
    /// All that is wrong in it.
    pub fn parse(text: &str, name: &str, folder: &Path, environment: &dyn Environment) -> Result<Self, ProfileError> {
        read::read(text, name, folder, environment)
            .map_err(|problems| ProfileError::Wrong { name: name.to_owned(), problems })
    }
}

/// All that is wrong with a profile; nothing where it is sound.
pub fn check(text: &str, name: &str, folder: &Path, environment: &dyn Environment) -> Vec<Problem> {
    read::read(text, name, folder, environment).err().unwrap_or_default()
}

fn text_of(path: &Path) -> Result<String, ProfileError> {
    let failed = |source| ProfileError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    // One byte more than there may be shows the reader that it is too long.
    file.take(read::MAX_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
