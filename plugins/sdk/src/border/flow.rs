//! A flow, as the host lends it.

use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{field, size_of_field, slice};
use crate::abi::{tractor_bytes, tractor_flow, tractor_text};
use crate::{ClosedBy, Columns, Direction, NameFrom, Packets, Segments, State};

/// IP protocol numbers.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// A flow as it is shown; nothing is copied. What an older host does not have, and what was not asked
/// for by [`NEEDS`](crate::Classifier::NEEDS), is empty or 0.
#[derive(Clone, Copy)]
pub struct Flow<'a> {
    flow: *const tractor_flow,
    columns: &'a Columns,
    lent: PhantomData<&'a tractor_flow>,
}

/// A field's value, or what it is where the host is older.
macro_rules! of {
    ($flow:expr, $field:ident) => {
        field!($flow.flow, tractor_flow, $field).unwrap_or_default()
    };
}

impl<'a> Flow<'a> {
    /// # Safety
    /// Not null; a flow as the header promises it, for the whole lifetime.
    pub(crate) unsafe fn lent(flow: *const tractor_flow, columns: &'a Columns) -> Self {
        Flow { flow, columns, lent: PhantomData }
    }

    pub fn state(&self) -> State {
        State::of(of!(self, state))
    }

    /// IP protocol number.
    pub fn transport(&self) -> u8 {
        of!(self, transport)
    }

    pub fn is_tcp(&self) -> bool {
        self.transport() == TCP
    }

    pub fn is_udp(&self) -> bool {
        self.transport() == UDP
    }

    /// 4 or 6.
    pub fn ip_version(&self) -> u8 {
        of!(self, ip_version)
    }

    /// Why it ended, `None` while it goes on, as it does behind all of its windows but the last.
    pub fn closed_by(&self) -> Option<ClosedBy> {
        Some(of!(self, closed_by)).filter(|value| *value != 0).map(ClosedBy::of)
    }

    pub fn client_ip(&self) -> IpAddr {
        self.address(of!(self, client_ip))
    }

    pub fn server_ip(&self) -> IpAddr {
        self.address(of!(self, server_ip))
    }

    fn address(&self, bytes: [u8; 16]) -> IpAddr {
        match (self.ip_version(), bytes) {
            (4, [.., a, b, c, d]) => Ipv4Addr::new(a, b, c, d).into(),
            _ => Ipv6Addr::from(bytes).into(),
        }
    }

    /// 0 where there are no ports.
    pub fn client_port(&self) -> u16 {
        of!(self, client_port)
    }

    pub fn server_port(&self) -> u16 {
        of!(self, server_port)
    }

    /// Unix time of the first packet, microseconds.
    pub fn start_us(&self) -> i64 {
        of!(self, start_us)
    }

    /// Unix time of the last packet so far, microseconds.
    pub fn end_us(&self) -> i64 {
        of!(self, end_us)
    }

    /// Unix time at which the window began, microseconds; `None` but in [`State::Window`].
    pub fn window_start_us(&self) -> Option<i64> {
        let is_window = self.state() == State::Window;
        field!(self.flow, tractor_flow, window_start_us).filter(|_| is_window)
    }

    /// How many packets went in a direction.
    pub fn packet_count(&self, direction: Direction) -> u64 {
        of!(self, packets)[direction as usize]
    }

    /// IP headers and payload of all packets in a direction.
    pub fn wire_bytes(&self, direction: Direction) -> u64 {
        of!(self, bytes)[direction as usize]
    }

    /// Values of [`columns`](Self::columns), in their order; NaN: missing.
    pub fn features(&self) -> &'a [f64] {
        let data = field!(self.flow, tractor_flow, features).unwrap_or(std::ptr::null());
        let count = of!(self, feature_count) as usize;
        // SAFETY: the host has so many values there for as long as the flow is lent.
        unsafe { slice(data, count) }
    }

    /// A value by its column's name, `None` where it is missing or no such column was named. Who
    /// looks at many flows asks [`Columns::place`] once and takes [`features`](Self::features).
    pub fn feature(&self, name: &str) -> Option<f64> {
        let value = *self.features().get(self.columns.place(name)?)?;
        (!value.is_nan()).then_some(value)
    }

    /// The columns of [`features`](Self::features).
    pub fn columns(&self) -> &'a Columns {
        self.columns
    }

    /// The first packets, of both directions.
    pub fn packets(&self) -> Packets<'a> {
        let data = field!(self.flow, tractor_flow, packet).unwrap_or(std::ptr::null());
        let count = of!(self, packet_count) as usize;
        // SAFETY: the host has so many packets there for as long as the flow is lent.
        Packets(unsafe { slice(data, count) }.iter())
    }

    /// The first bytes of a direction, in order: of TCP its stream, otherwise datagrams one behind
    /// the other.
    pub fn payload(&self, direction: Direction) -> &'a [u8] {
        let both = field!(self.flow, tractor_flow, payload);
        both.map_or(&[], |both: [tractor_bytes; 2]| {
            let tractor_bytes { data, length } = both[direction as usize];
            // SAFETY: the host has so many bytes there for as long as the flow is lent.
            unsafe { slice(data, length) }
        })
    }

    /// The same payload packet by packet, of both directions: datagrams, or segments of TCP. Asks for
    /// packets and payload.
    pub fn segments(&self) -> Segments<'a> {
        Segments { packets: self.packets(), payload: Direction::BOTH.map(|it| self.payload(it)) }
    }

    /// What the client called the server; [`server_name_from`](Self::server_name_from) says where.
    pub fn server_name(&self) -> Option<&'a str> {
        self.text(field!(self.flow, tractor_flow, server_name))
    }

    pub fn server_name_from(&self) -> Option<NameFrom> {
        Some(of!(self, server_name_from)).filter(|value| *value != 0).map(NameFrom::of)
    }

    pub fn user_agent(&self) -> Option<&'a str> {
        self.text(field!(self.flow, tractor_flow, user_agent))
    }

    /// What the client offered, joined by commas.
    pub fn alpn(&self) -> Option<&'a str> {
        self.text(field!(self.flow, tractor_flow, alpn))
    }

    pub fn ja3(&self) -> Option<&'a str> {
        self.text(field!(self.flow, tractor_flow, ja3))
    }

    pub fn ja4(&self) -> Option<&'a str> {
        self.text(field!(self.flow, tractor_flow, ja4))
    }

    /// A text that is known; the host's are UTF-8.
    fn text(&self, text: Option<tractor_text>) -> Option<&'a str> {
        let tractor_text { data, length } = text?;
        // SAFETY: the host has so many bytes there for as long as the flow is lent.
        let bytes = unsafe { slice(data.cast::<u8>(), length) };
        std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
    }
}

/// The flows of one batch.
#[derive(Clone, Copy)]
pub struct Flows<'a> {
    flows: &'a [*const tractor_flow],
    columns: &'a Columns,
}

impl<'a> Flows<'a> {
    /// # Safety
    /// None is null; flows as the header promises them, for the whole lifetime.
    pub(crate) unsafe fn lent(flows: &'a [*const tractor_flow], columns: &'a Columns) -> Self {
        Flows { flows, columns }
    }

    pub fn len(&self) -> usize {
        self.flows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// The flow at a place of the batch, which is what [`Tags::add`](crate::Tags::add) takes.
    pub fn get(&self, place: usize) -> Option<Flow<'a>> {
        // SAFETY: as this was made.
        self.flows.get(place).map(|flow| unsafe { Flow::lent(*flow, self.columns) })
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Flow<'a>> + use<'a> {
        let columns = self.columns;
        // SAFETY: as this was made.
        self.flows.iter().map(move |flow| unsafe { Flow::lent(*flow, columns) })
    }
}
