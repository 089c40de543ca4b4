//! The stage by itself, fed with notes as tables make them.

use super::*;
use crate::decode::{Endpoint, Expectation, Place};
use crate::features::ActivityRule;
use crate::flows::{JoinedBy, NotedPacket, Opened};
use crate::limits::SESSION_FOUND_FLOWS_MAX;

const SECOND: i64 = 1_000_000_000;
const CLIENT: u128 = 0xffff_0a00_0001;

fn sessions(timing: bool) -> Sessions {
    let activity = ActivitySettings { rule: ActivityRule::Exact, gap_ns: SECOND };
    let life = Life::CONNECTION;
    Sessions::new(SessionOptions { life, rows: true, timing, window_ns: None, activity })
}

fn at(seconds: i64, position: u64) -> NotedAt {
    NotedAt { clock: Timestamp(seconds * SECOND), position }
}

/// The flow from a client's port to a server, which begins at that second with the packet that is its id.
fn opened(flow: u64, seconds: i64, port: u16, server: u128, server_port: u16) -> Note {
    let (client, server) =
        (Endpoint { address: CLIENT, port }, Endpoint { address: server, port: server_port });
    let key = Key::new(client, server, 6, true, false, 0).0;
    let client_side = u8::from(key.endpoint(0) != client);
    let time = Timestamp(seconds * SECOND);
    let opened = Opened { key, client_side, time, file: 0, known_name: None };
    Note { at: at(seconds, flow), flow, what: What::Opened(opened) }
}

fn note(flow: u64, at: NotedAt, what: What) -> Note {
    Note { at, flow, what }
}

fn named(flow: u64, at: NotedAt, name: &str) -> Note {
    // All servers here have smaller addresses.
    note(flow, at, What::Read { client_side: 1, server_name: Some(name.into()) })
}

fn take(sessions: &mut Sessions, notes: Vec<Note>, clock: i64) {
    let noted = Noted { notes, packets: Vec::new() };
    sessions.take(vec![noted], Timestamp(clock * SECOND), false);
}

fn rows(sessions: &mut Sessions, is_end: bool) -> Vec<Flow> {
    let mut rows = Vec::new();
    sessions.finish_step(is_end, &mut |row| rows.push(row));
    rows
}

fn joined(sessions: &Sessions, flow: u64) -> (u64, Option<JoinedBy>) {
    let grouped = sessions.of(flow).expect("a flow that has its session");
    (grouped.session, grouped.joined_by)
}

#[test]
fn a_flow_waits_for_its_name_and_no_longer_than_two_seconds() {
    let mut all = sessions(false);
    take(&mut all, vec![opened(1, 0, 4_000, 9, 443), opened(2, 0, 4_001, 8, 443)], 0);
    take(&mut all, vec![named(1, at(1, 3), "www.example.com")], 2);
    assert_eq!((joined(&all, 1), all.of(2)), ((1, None), None));
    take(&mut all, vec![named(2, at(2, 4), "img.example.com")], 2);
    assert_eq!(joined(&all, 2), (1, Some(JoinedBy::Page)));
    take(&mut all, vec![opened(5, 3, 4_002, 7, 443)], 5);
    assert_eq!(all.of(5), None);
    take(&mut all, vec![named(5, at(6, 9), "www.example.com")], 6);
    assert_eq!(joined(&all, 5), (5, None), "its name came too late");
}

#[test]
fn a_flow_waits_for_so_many_packets_of_the_stream() {
    let mut all = sessions(false);
    let last = SESSION_WAIT_PACKETS_MAX;
    take(&mut all, vec![opened(1, 0, 4_000, 9, 443), opened(last, 0, 4_001, 9, 443)], 0);
    assert_eq!(all.of(1), None);
    take(&mut all, vec![opened(last + 1, 0, 4_002, 9, 443)], 0);
    assert_eq!((joined(&all, 1), all.of(last)), ((1, None), None));
}

#[test]
fn a_session_takes_flows_until_a_minute_after_its_last_ended() {
    let until = |begins: i64| {
        let mut all = sessions(false);
        let begin = vec![opened(1, 0, 4_000, 9, 443), note(1, at(10, 2), What::Ended)];
        take(&mut all, begin, 10);
        take(&mut all, vec![opened(3, begins, 4_001, 9, 443)], begins + 3);
        joined(&all, 3)
    };
    assert_eq!(until(70), (1, Some(JoinedBy::Service)));
    assert_eq!(until(71), (3, None));
}

#[test]
fn a_row_comes_when_no_flow_can_join_any_more() {
    let mut all = sessions(false);
    take(&mut all, vec![opened(1, 0, 4_000, 9, 443), note(1, at(10, 2), What::Ended)], 72);
    assert!(rows(&mut all, false).is_empty());
    take(&mut all, Vec::new(), 73);
    let rows = rows(&mut all, false);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].id, rows[0].closed_at), (1, Timestamp(72 * SECOND)));
    assert!(all.sessions.is_empty() && all.members.is_empty() && all.due.is_empty());
}

#[test]
fn who_announces_is_decided_about_first_however_long_the_chain() {
    let mut all = sessions(false);
    let mut notes = Vec::new();
    for flow in 1..=100_000 {
        let port = (flow % 60_000) as u16 + 1;
        notes.push(opened(flow, 0, port, 100 + u128::from(flow), 21));
        notes.push(note(flow, at(0, flow), What::Is(Control::Ftp)));
        // The next one.
        let address = 101 + u128::from(flow);
        let place = Place::Endpoint { address, port: 21, protocol: 6 };
        let expectation = Expectation { place, peer: None };
        notes.push(note(flow, at(0, flow), What::Announced(expectation)));
    }
    notes.push(note(100_000, at(0, 200_000), What::Ended));
    take(&mut all, notes, 0);
    assert_eq!(joined(&all, 100_000).1, Some(JoinedBy::Control(Control::Ftp)));
}

#[test]
fn what_a_flow_announced_is_expected_when_it_is_over_and_its_step_is_done() {
    for (begins, expected) in [(70, Some(JoinedBy::Control(Control::Ftp))), (71, None)] {
        let mut all = sessions(false);
        let place = Place::Endpoint { address: 9, port: 5_000, protocol: 6 };
        let announced = What::Announced(Expectation { place, peer: None });
        let notes = vec![
            opened(1, 0, 4_000, 9, 21),
            note(1, at(0, 1), What::Is(Control::Ftp)),
            note(1, at(0, 2), announced),
            note(1, at(10, 3), What::Ended),
        ];
        take(&mut all, notes, 20);
        rows(&mut all, false);
        take(&mut all, vec![opened(4, begins, 4_001, 9, 5_000)], begins);
        rows(&mut all, false);
        take(&mut all, Vec::new(), begins + 3);
        assert_eq!(joined(&all, 4).1, expected, "{begins}");
        // In the end nothing is kept of it.
        rows(&mut all, false);
        take(&mut all, Vec::new(), 200);
        rows(&mut all, false);
        assert!(!all.members.contains_key(&1));
    }
}

#[test]
fn packets_of_several_flows_are_one_stream() {
    let mut all = sessions(true);
    let packet = |position, flow, milliseconds: i64, side| NotedPacket {
        position,
        flow,
        time: Timestamp(milliseconds * SECOND / 1_000),
        clock: Timestamp(milliseconds * SECOND / 1_000),
        ip_bytes: 100,
        payload_bytes: 60,
        side,
    };
    let first = opened(1, 0, 4_000, 9, 443);
    let second = opened(2, 0, 4_001, 9, 443);
    let of_one =
        Noted { notes: vec![first], packets: vec![packet(1, 1, 0, 1), packet(4, 1, 700, 0)] };
    let of_other =
        Noted { notes: vec![second], packets: vec![packet(2, 2, 100, 1), packet(3, 2, 400, 0)] };
    all.take(vec![of_other, of_one], Timestamp(SECOND), false);
    assert!(rows(&mut all, false).is_empty());
    let ended = vec![note(1, at(1, u64::MAX), What::Ended), note(2, at(1, u64::MAX), What::Ended)];
    all.take(vec![Noted { notes: ended, packets: Vec::new() }], Timestamp(SECOND), true);
    let rows = rows(&mut all, true);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].packets, rows[0].ip_bytes), ([2, 2], [200, 200]));
    assert_eq!(rows[0].duration_ns(), 700_000_000);
    let gaps = rows[0].trackers.timing.flow.moments(3, 700_000_000).expect("three gaps");
    assert_eq!((gaps.min, gaps.max), (100_000_000, 300_000_000));
}

#[test]
fn nothing_is_kept_of_a_flow_that_ended_by_the_clock_though_others_always_wait() {
    let mut all = sessions(true);
    for flow in 1..300 {
        let seconds = flow as i64;
        let mut notes = vec![opened(flow, seconds, 4_000 + flow as u16, 9, 443)];
        if flow > 4 {
            notes.push(note(flow - 4, at(seconds, u64::MAX), What::Ended));
        }
        let time = Timestamp(seconds * SECOND);
        let packet = NotedPacket {
            position: flow,
            flow,
            time,
            clock: time,
            ip_bytes: 100,
            payload_bytes: 0,
            side: 0,
        };
        all.take(vec![Noted { notes, packets: vec![packet] }], time, false);
        rows(&mut all, false);
        assert!(all.waiting.get(flow).is_some());
        assert!(all.members.len() < 10, "{} after {flow}", all.members.len());
        assert!(all.ended.len() < 10, "{} after {flow}", all.ended.len());
    }
}

#[test]
fn beyond_the_bound_the_session_that_has_waited_for_longest_takes_no_more() {
    let mut all = sessions(false);
    all.waiting_sessions_max = 2;
    let one = |flow: u64, server| {
        let seconds = flow as i64;
        let ended = note(flow, at(seconds, flow), What::Ended);
        vec![opened(flow, seconds, 4_000 + flow as u16, server, 443), ended]
    };
    for flow in 1..=5 {
        take(&mut all, one(flow, flow.into()), flow as i64);
    }
    // Those of the first three are over: due in 2 s from when one more waited.
    let told: Vec<_> = rows(&mut all, false).iter().map(|row| (row.id, row.closed_at.0)).collect();
    assert_eq!(told, []);
    assert_eq!((all.due.len(), all.over.len()), (2, 3));
    take(&mut all, one(6, 3), 6);
    take(&mut all, one(7, 5), 7);
    assert_eq!(joined(&all, 6), (6, None), "it is over");
    assert_eq!(joined(&all, 7), (5, Some(JoinedBy::Service)), "it still takes some");
    let told: Vec<_> =
        rows(&mut all, false).iter().map(|row| (row.id, row.closed_at.0 / SECOND)).collect();
    assert_eq!(told, [(1, 5), (2, 6)]);
    let told: Vec<_> = rows(&mut all, true).iter().map(|row| row.id).collect();
    assert_eq!(told, [3, 4, 6, 5]);
}

#[test]
fn what_no_flow_has_been_about_for_long_is_forgotten() {
    let joined_after = |others: u64| {
        let mut all = sessions(false);
        // It goes on for ever.
        take(&mut all, vec![opened(1, 0, 4_000, 9, 443)], 0);
        let mut flow = 1;
        for server in 0..others {
            flow += 1;
            let ended = note(flow, at(3, flow), What::Ended);
            take(&mut all, vec![opened(flow, 3, 4_001, 100 + u128::from(server), 443), ended], 3);
            rows(&mut all, false);
        }
        flow += 1;
        let last = vec![opened(flow, 3, 4_002, 9, 443), note(flow, at(3, flow), What::Ended)];
        take(&mut all, last, 3);
        let most = 3 * SESSION_FOUND_FLOWS_MAX as usize;
        assert!(all.found.services.len() < most, "{}", all.found.services.len());
        joined(&all, flow)
    };
    let most = SESSION_FOUND_FLOWS_MAX;
    assert_eq!(joined_after(most - 1), (1, Some(JoinedBy::Service)));
    assert_eq!(joined_after(most).1, None);
}

#[test]
fn what_was_saved_goes_on_as_before() {
    let notes = |from: u64| {
        let seconds = from as i64;
        let mut notes = vec![opened(from, seconds, 4_000 + from as u16, 9, 443)];
        notes.push(named(
            from,
            at(seconds, from),
            if from.is_multiple_of(3) { "a.example" } else { "b.org" },
        ));
        notes.push(note(from, at(seconds, from), What::Is(Control::BitTorrent)));
        if from > 2 {
            notes.push(note(from - 2, at(seconds, from), What::Ended));
        }
        notes
    };
    let (mut whole, mut parts) = (sessions(true), sessions(true));
    for from in 1..200 {
        take(&mut whole, notes(from), from as i64);
        let mut saved = Vec::new();
        parts.save(&mut saved);
        parts = sessions(true);
        parts.restore(&saved).expect("what was saved");
        take(&mut parts, notes(from), from as i64);
        assert_eq!(whole.of(from), parts.of(from));
        let told = |rows: Vec<Flow>| -> Vec<_> {
            rows.iter().map(|row| (row.id, row.closed_at, row.group.clone())).collect()
        };
        assert_eq!(told(rows(&mut whole, from == 199)), told(rows(&mut parts, from == 199)));
    }
}
