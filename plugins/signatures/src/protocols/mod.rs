//! Signatures by family. Within a family, and among families, the stricter come first: the first
//! that fits counts.

mod accounts;
mod coins;
mod database;
mod files;
mod games;
mod industrial;
mod internet;
mod mail;
mod media;
mod messaging;
mod naming;
mod network;
mod other_transports;
mod peer_to_peer;
mod remote;
mod routing;
mod services;
mod stun;
mod things;
mod voip;
mod vpn;
mod web;

use crate::signature::Signature;

pub use internet::{certificates, certificates_in_datagram};
pub use other_transports::other_transport;

pub const FAMILIES: &[&[Signature]] = &[
    naming::SIGNATURES,
    web::SIGNATURES,
    internet::SIGNATURES,
    remote::SIGNATURES,
    mail::SIGNATURES,
    files::SIGNATURES,
    vpn::SIGNATURES,
    peer_to_peer::SIGNATURES,
    coins::SIGNATURES,
    voip::SIGNATURES,
    messaging::SIGNATURES,
    media::SIGNATURES,
    database::SIGNATURES,
    services::SIGNATURES,
    industrial::SIGNATURES,
    things::SIGNATURES,
    accounts::SIGNATURES,
    network::SIGNATURES,
    routing::SIGNATURES,
    games::SIGNATURES,
];
