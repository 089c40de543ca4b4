//! Interfaces, addresses and routes, by rtnetlink. Its runtime lives for one question at a time, on the
//! calling thread and so in the network namespace that this one is in.

use super::plan::{Network, Plan};
use futures_util::TryStreamExt;
use rtnetlink::packet_core::ErrorMessage;
use rtnetlink::packet_route::address::AddressAttribute;
use rtnetlink::packet_route::link::{InfoData, InfoVeth, LinkAttribute, LinkMessage};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute};
use rtnetlink::{Error, Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

/// The application's end of the pair, in its namespace.
pub const INSIDE: &str = "eth0";

/// Asks the kernel, and waits for the answer.
fn ask<T>(question: impl AsyncFnOnce(Handle) -> Result<T, Error>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        question(handle).await.map_err(|error| match error {
            Error::NetlinkError(ErrorMessage { code: Some(code), .. }) => {
                io::Error::from_raw_os_error(code.get().abs())
            }
            other => io::Error::other(other.to_string()),
        })
    })
}

async fn link(handle: &Handle, name: &str) -> Result<LinkMessage, Error> {
    let mut links = handle.link().get().match_name(name.to_owned()).execute();
    links.try_next().await?.ok_or(Error::RequestFailed)
}

/// Makes a pair of interfaces: one here, the other in a namespace. Neither is up.
///
/// # Errors
/// Those of the system.
pub fn make_pair(outside: &str, namespace: BorrowedFd<'_>) -> io::Result<()> {
    ask(async |handle| {
        let mtu = mtu_of_the_way_out(&handle).await?;
        let peer = LinkMessageBuilder::<LinkUnspec>::new()
            .name(INSIDE)
            .mtu(mtu)
            .setns_by_fd(namespace.as_raw_fd())
            .build();
        let pair = LinkMessageBuilder::<LinkVeth>::new(outside, INSIDE)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
            .mtu(mtu);
        handle.link().add(pair.build()).execute().await
    })
}

/// The largest packet that the machine sends by its default route, so that none has to be cut there.
async fn mtu_of_the_way_out(handle: &Handle) -> Result<u32, Error> {
    const ETHERNET_BYTES: u32 = 1_500;
    let route = RouteMessageBuilder::<Ipv4Addr>::new().build();
    let mut routes = handle.route().get(route).execute();
    let mut interface = None;
    while let Some(route) = routes.try_next().await? {
        if route.header.destination_prefix_length == 0 {
            interface = interface.or(route.attributes.iter().find_map(|one| match one {
                RouteAttribute::Oif(index) => Some(*index),
                _ => None,
            }));
        }
    }
    let Some(interface) = interface else { return Ok(ETHERNET_BYTES) };
    let mut links = handle.link().get().match_index(interface).execute();
    let link = links.try_next().await?;
    let mtu = link.iter().flat_map(|link| &link.attributes).find_map(|one| match one {
        LinkAttribute::Mtu(mtu) => Some(*mtu),
        _ => None,
    });
    Ok(mtu.unwrap_or(ETHERNET_BYTES).min(ETHERNET_BYTES))
}

/// Gives an interface its address and has it work.
///
/// # Errors
/// Those of the system.
pub fn bring_up(name: &str, address: Option<(Ipv4Addr, Network)>) -> io::Result<()> {
    ask(async |handle| {
        let index = link(&handle, name).await?.header.index;
        if let Some((address, network)) = address {
            let address = IpAddr::V4(address);
            handle.address().add(index, address, network.prefix()).execute().await?;
        }
        let up = LinkMessageBuilder::<LinkUnspec>::new().index(index).up().build();
        handle.link().set(up).execute().await
    })
}

/// Sends everything by a gateway.
///
/// # Errors
/// Those of the system.
pub fn route_by(gateway: Ipv4Addr) -> io::Result<()> {
    ask(async |handle| {
        let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).build();
        handle.route().add(route).execute().await
    })
}

/// Removes an interface, which may be gone already.
///
/// # Errors
/// Those of the system.
pub fn remove(name: &str) -> io::Result<()> {
    if rustix::net::netdevice::name_to_index(any_socket()?, name).is_err() {
        return Ok(());
    }
    let removed = ask(async |handle| {
        let index = link(&handle, name).await?.header.index;
        handle.link().del(index).execute().await
    });
    match removed {
        // Its namespace ended meanwhile, and it with that.
        Err(cause) if cause.raw_os_error() == Some(libc::ENODEV) => Ok(()),
        other => other,
    }
}

fn any_socket() -> io::Result<rustix::fd::OwnedFd> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    Ok(socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?)
}

/// What of the machine's own networks and routes a network would be in the way of, in words.
///
/// # Errors
/// Those of the system.
pub fn in_the_way_of(plan: &Plan) -> io::Result<Option<String>> {
    /// Wider routes are ways out, as those of a tunnel that takes everything.
    const PREFIX_MIN: u8 = 8;
    ask(async |handle| {
        let mut addresses = handle.address().get().execute();
        while let Some(address) = addresses.try_next().await? {
            let own = address.attributes.iter().find_map(|one| match one {
                AddressAttribute::Local(IpAddr::V4(own)) => Some(*own),
                _ => None,
            });
            let Some(own) = own else { continue };
            if Network::round(own, address.header.prefix_len).overlaps(plan.network) {
                return Ok(Some(format!(
                    "the machine has the address {own}/{}",
                    address.header.prefix_len
                )));
            }
        }
        let mut routes =
            handle.route().get(RouteMessageBuilder::<Ipv4Addr>::new().build()).execute();
        while let Some(route) = routes.try_next().await? {
            let prefix = route.header.destination_prefix_length;
            let to = route.attributes.iter().find_map(|one| match one {
                RouteAttribute::Destination(RouteAddress::Inet(to)) => {
                    Some(Network::round(*to, prefix))
                }
                _ => None,
            });
            let is_near = |to: &Network| prefix >= PREFIX_MIN && to.overlaps(plan.network);
            if let Some(to) = to.filter(is_near) {
                return Ok(Some(format!("the machine has a route to {to}")));
            }
        }
        Ok(None)
    })
}
