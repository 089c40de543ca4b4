//! A folder of captures, in which nothing outside of it is ever opened.
//!
//! Names are base names. A name that is not UTF-8 is shown with its odd bytes as `%FF`, and is found
//! again by what is shown.

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A folder, held open: it stays the same one whatever is renamed.
pub struct Folder {
    path: PathBuf,
    handle: OwnedFd,
}

/// A regular file in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name as clients see it.
    pub shown: String,
    pub name: OsString,
    pub bytes: u64,
    pub identity: Identity,
}

/// Two files of the same identity have the same content, as far as one can tell without reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
    pub modified_ns: i128,
}

impl Identity {
    /// When the file was last changed, in nanoseconds as far as 64 bits go.
    pub fn modified_ns(&self) -> i64 {
        self.modified_ns.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

/// There is no such file, or it is none that may be read: both are the same to who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotThere;

impl Folder {
    /// # Errors
    /// When it is no folder that can be listed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { path: path.to_owned(), handle })
    }

    /// A folder directly in it, or itself: `.`. Links are not followed.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be listed.
    pub fn inner(&self, shown: &str) -> io::Result<Self> {
        let name = OsStr::new(shown);
        if shown != "." && !is_base_name(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let handle = openat(&self.handle, name, flags, Mode::empty())?;
        let path = if shown == "." { self.path.clone() } else { self.path.join(name) };
        Ok(Self { path, handle })
    }

    /// Names of the folders directly in it, sorted.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn folders(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if let Some(name) = name.to_str()
                && is_base_name(OsStr::new(name))
                && self.inner(name).is_ok()
            {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All regular files directly in it, by name. What is gone meanwhile is left out.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.look_through(|_, looked| entries.extend(looked.ok()))?;
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// All that is directly in it, in no order: files, and names without one and why.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn look_through(&self, mut saw: impl FnMut(&OsStr, io::Result<Entry>)) -> io::Result<()> {
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let looked = match entry.file_type() {
                FileType::RegularFile | FileType::Symlink | FileType::Unknown => self.look_at(name),
                other => Err(no_file(other)),
            };
            if is_base_name(name) {
                saw(name, looked);
            }
        }
        Ok(())
    }

    /// The file that is shown by that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, shown: &str) -> Result<Entry, NotThere> {
        if let Ok(entry) = self.look_at(OsStr::new(shown)) {
            return Ok(entry);
        }
        if !shown.contains('%') {
            return Err(NotThere);
        }
        let entries = self.entries().map_err(|_| NotThere)?;
        entries.into_iter().find(|entry| entry.shown == shown).ok_or(NotThere)
    }

    /// Opens a file for reading; a pipe that took its place meanwhile does not hold anybody up.
    ///
    /// # Errors
    /// When it is not there any more, or is no regular file.
    pub fn open_file(&self, name: &OsStr) -> Result<File, NotThere> {
        self.open_entry(name).map(|(file, _)| file)
    }

    /// The same, and what is known of the file that was opened, whatever has the name by now.
    ///
    /// # Errors
    /// As [`Folder::open_file`].
    pub fn open_entry(&self, name: &OsStr) -> Result<(File, Entry), NotThere> {
        self.try_open(name).map_err(|_| NotThere)
    }

    /// The same, for who may know why it cannot be opened.
    ///
    /// # Errors
    /// As [`Folder::open_file`].
    pub fn try_open(&self, name: &OsStr) -> io::Result<(File, Entry)> {
        let handle = self.beneath(name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let entry = entry(name, &handle)?;
        Ok((File::from(handle), entry))
    }

    fn look_at(&self, name: &OsStr) -> io::Result<Entry> {
        // The path alone is opened: nothing is read, and no pipe or device notices.
        entry(name, &self.beneath(name, OFlags::PATH)?)
    }

    fn beneath(&self, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
        if !is_base_name(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let flags = flags | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.handle, name, flags, Mode::empty(), resolve) {
            // A kernel from before 5.6, or a sandbox: links are not followed at all.
            Err(Errno::NOSYS | Errno::PERM) => {
                Ok(openat(&self.handle, name, flags | OFlags::NOFOLLOW, Mode::empty())?)
            }
            other => Ok(other?),
        }
    }
}

/// What is known of a file that is open, if it is a regular one.
fn entry(name: &OsStr, handle: &OwnedFd) -> io::Result<Entry> {
    let about = fstat(handle)?;
    let kind = FileType::from_raw_mode(about.st_mode);
    if kind != FileType::RegularFile {
        return Err(no_file(kind));
    }
    let modified_ns = i128::from(about.st_mtime) * 1_000_000_000 + i128::from(about.st_mtime_nsec);
    Ok(Entry {
        shown: shown_name(name),
        name: name.to_owned(),
        bytes: u64::try_from(about.st_size).unwrap_or(0),
        identity: Identity { device: about.st_dev, inode: about.st_ino, modified_ns },
    })
}

fn no_file(kind: FileType) -> io::Error {
    io::Error::other(match kind {
        FileType::Directory => "it is a folder, and what is in it is not followed",
        _ => "it is no regular file",
    })
}

fn is_base_name(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let is_plain = !bytes.iter().any(|byte| matches!(byte, b'/' | 0));
    is_plain && !matches!(bytes, b"" | b"." | b"..")
}

/// A name as text: as it is, or with what is not UTF-8 (and `%`) as `%` and two digits.
pub fn shown_name(name: &OsStr) -> String {
    if let Some(text) = name.to_str() {
        return text.to_owned();
    }
    let mut shown = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        shown.push_str(&chunk.valid().replace('%', "%25"));
        shown.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    shown
}

/// Suffixes of compressed captures: the one before belongs to the extension too.
const COMPRESSED: [&str; 3] = ["gz", "zst", "lz4"];

/// A file's name without extension, and the extension: what follows the last dot, or the last two
/// dots of a compressed capture. Without a dot it is empty.
pub fn split_name(name: &str) -> (&str, &str) {
    let Some((stem, extension)) = name.rsplit_once('.') else { return (name, "") };
    if COMPRESSED.contains(&extension)
        && let Some((shorter, _)) = stem.rsplit_once('.')
    {
        return (shorter, &name[shorter.len() + 1..]);
    }
    (stem, extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_name_and_its_extension_are_told_apart() {
        assert_eq!(split_name("a.b.pcap.gz"), ("a.b", "pcap.gz"));
        assert_eq!(split_name("a.pcap"), ("a", "pcap"));
        assert_eq!(split_name("a"), ("a", ""));
        assert_eq!(split_name("a.gz"), ("a", "gz"));
        assert_eq!(split_name(".hidden"), ("", "hidden"));
        assert_eq!(split_name("a."), ("a", ""));
    }

    #[test]
    fn nothing_but_regular_files_of_the_folder_is_there() {
        let root = tempfile::tempdir().unwrap();
        let captures = root.path().join("captures");
        std::fs::create_dir_all(captures.join("inner")).unwrap();
        std::fs::write(root.path().join("secret"), "x").unwrap();
        std::fs::write(captures.join("a.pcap"), "abc").unwrap();
        let odd = OsStr::from_bytes(b"odd\xff%.pcap");
        std::fs::write(captures.join(odd), "").unwrap();
        symlink("a.pcap", captures.join("inside")).unwrap();
        symlink("../secret", captures.join("outside")).unwrap();
        symlink("/dev/zero", captures.join("zero")).unwrap();
        symlink("loop", captures.join("loop")).unwrap();
        let _socket = UnixListener::bind(captures.join("socket")).unwrap();
        let folder = Folder::open(&captures).unwrap();
        let shown: Vec<String> =
            folder.entries().unwrap().into_iter().map(|entry| entry.shown).collect();
        assert_eq!(shown, ["a.pcap", "inside", "odd%FF%25.pcap"]);
        assert_eq!(folder.find("a.pcap").unwrap().bytes, 3);
        assert_eq!(folder.find("odd%FF%25.pcap").unwrap().name, odd);
        let absolute = root.path().join("secret");
        let long = "a".repeat(4_000);
        for name in [
            "..",
            ".",
            "",
            "../secret",
            "inner",
            "inner/../a.pcap",
            "outside",
            "zero",
            "loop",
            "socket",
            "a.pcap\0",
            "A.pcap",
            "%61.pcap",
            absolute.to_str().unwrap(),
            &long,
        ] {
            assert_eq!(folder.find(name), Err(NotThere), "{name}");
            assert!(folder.open_file(OsStr::new(name)).is_err(), "{name}");
        }
        assert!(folder.open_file(odd).is_ok());
    }
}
