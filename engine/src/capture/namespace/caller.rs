//! Whose application it is, and what whoever captures has to be allowed.

use crate::capture::Fault;
use nix::unistd::{
    Gid, Uid, User, getegid, geteuid, getgid, getuid, initgroups, setgroups, setresgid, setresuid,
};
use rustix::thread::{CapabilitySet, capabilities};
use std::ffi::CString;
use std::path::PathBuf;

/// The user who called, also by way of sudo.
#[derive(Clone, Debug)]
pub struct Caller {
    user: Uid,
    group: Gid,
    /// Of a user who came by sudo and is in the list of users: their name, home and shell.
    known: Option<(String, PathBuf, PathBuf)>,
}

impl Caller {
    /// The user of sudo, if root called; else the one who called.
    pub fn new() -> Self {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
        let (user, group) = (getuid(), getgid());
        let sudo = number("SUDO_UID").zip(number("SUDO_GID")).filter(|_| user.is_root());
        let Some((user, group)) = sudo else { return Self { user, group, known: None } };
        let user = Uid::from_raw(user);
        let known = User::from_uid(user).ok().flatten();
        let known = known.map(|known| (known.name, known.dir, known.shell));
        Self { user, group: Gid::from_raw(group), known }
    }

    /// Numbers of the user and the group.
    pub fn ids(&self) -> (u32, u32) {
        (self.user.as_raw(), self.group.as_raw())
    }

    /// What the user's own shell would have put into the environment, where that is now of another one.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let Some((name, home, shell)) = &self.known else { return Vec::new() };
        let name = PathBuf::from(name);
        let shell = shell.clone();
        vec![("HOME", home.clone()), ("USER", name.clone()), ("LOGNAME", name), ("SHELL", shell)]
    }

    /// Makes this process the caller's, for good.
    ///
    /// # Errors
    /// That of the system.
    pub fn become_them(&self) -> nix::Result<()> {
        match &self.known {
            Some((name, ..)) => {
                let name = CString::new(name.as_str()).map_err(|_| nix::Error::EINVAL)?;
                initgroups(&name, self.group)?;
            }
            // Somebody of whom only the numbers are known.
            None if self.user != getuid() => setgroups(&[self.group])?,
            None => {}
        }
        setresgid(self.group, self.group, self.group)?;
        setresuid(self.user, self.user, self.user)
    }

    /// Whether they already are who this process is.
    pub fn is_this_process(&self) -> bool {
        self.user == geteuid() && self.group == getegid()
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

/// What a capture needs: of an interface, and with a network of its own.
const FOR_RECORDING: &[(CapabilitySet, &str)] = &[(CapabilitySet::NET_RAW, "CAP_NET_RAW")];
const FOR_ISOLATION: &[(CapabilitySet, &str)] = &[
    (CapabilitySet::NET_RAW, "CAP_NET_RAW"),
    (CapabilitySet::NET_ADMIN, "CAP_NET_ADMIN"),
    (CapabilitySet::SYS_ADMIN, "CAP_SYS_ADMIN"),
];

/// Looks whether this process may do what it is going to.
///
/// # Errors
/// A sentence that names what is missing.
pub fn check_rights(isolates: bool) -> Result<(), Fault> {
    let needed = if isolates { FOR_ISOLATION } else { FOR_RECORDING };
    let own = capabilities(None).map(|own| own.effective).unwrap_or(CapabilitySet::empty());
    let missing = needed.iter().filter(|(one, _)| !own.contains(*one));
    let missing: Vec<&str> = missing.map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what = if isolates { "a network of its own" } else { "recording an interface" };
    Err(Fault::failure(format!(
        "{what} needs {}, which this user does not have: run it with sudo",
        missing.join(", ")
    )))
}
