//! The server as its clients meet it: real captures in a folder, real children, real connections.

mod bounds;
mod changes;
mod cost;
mod damage;
mod disk;
mod frozen;
mod helpers;
mod hostile;
pub mod jobs;
mod lag;
mod large;
mod live;
mod load;
mod reference;
mod schema;
pub mod server;
mod sessions;
pub mod stops;
mod streams;
mod windows;
