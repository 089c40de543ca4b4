//! What each route does: it reads what was asked, asks the jobs, and says the answer. One file a group.

pub mod about;
pub mod directories;
pub mod events;
pub mod file;
pub mod files;
pub mod flows;
pub mod sessions;
pub mod statistics;
pub mod windows;
