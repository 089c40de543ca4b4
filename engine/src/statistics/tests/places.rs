//! Countries and cities, from databases that were written here, and from any bytes.

#[path = "../../../../tests/support/mmdb.rs"]
mod mmdb;

use super::super::{Place, Places};
use mmdb::{Value, flat, map, nested, text};
use proptest::prelude::*;
use std::net::IpAddr;
use std::path::PathBuf;

/// Databases in a folder.
struct Files {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

fn files<const N: usize>(contents: [Vec<u8>; N]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let write = |(number, bytes): (usize, Vec<u8>)| {
        let path = folder.path().join(format!("{number}.mmdb"));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let paths = contents.into_iter().enumerate().map(write).collect();
    Files { folder, paths }
}

fn opened<const N: usize>(contents: [Vec<u8>; N]) -> Places {
    Places::open(&files(contents).paths).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn place(country: &str, city: &str) -> Place {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Place { country: some(country), city: some(city) }
}

#[test]
fn both_schemas_and_all_sizes_of_trees_give_countries_and_cities() {
    for (schema, name) in [(nested as fn(&str, &str) -> Value, "nested"), (flat, "flat")] {
        for record_bits in [24, 28, 32] {
            let networks = [
                ("1.0.0.0/8", schema("AU", "Sydney")),
                ("1.2.0.0/16", schema("FR", "Paris")),
                ("1.2.3.4/32", schema("SE", "Åre")),
                ("2a02:cf40::/29", schema("CH", "Zürich")),
            ];
            let places = opened([mmdb::mmdb(6, record_bits, &networks)]);
            let known = [
                ("1.1.1.1", place("AU", "Sydney")),
                ("1.2.3.3", place("FR", "Paris")),
                ("1.2.3.4", place("SE", "Åre")),
                ("::ffff:1.2.3.4", place("SE", "Åre")),
                ("2a02:cf47::1", place("CH", "Zürich")),
                ("2a02:cf48::1", place("", "")),
                ("9.9.9.9", place("", "")),
            ];
            for (address, expected) in known {
                assert_eq!(places.place(ip(address)), expected, "{name} {record_bits} {address}");
            }
            assert_eq!(places.country(ip("1.2.3.4")), Some(*b"SE"));
            assert_eq!(places.country(ip("9.9.9.9")), None);
        }
    }
}

#[test]
fn addresses_of_one_version_are_not_looked_for_among_the_others() {
    let four = mmdb::mmdb(4, 24, &[("32.0.0.0/4", flat("US", "Dallas"))]);
    let six = mmdb::mmdb(6, 24, &[("2001::/16", flat("JP", "Tokyo"))]);
    let only_four = opened([four.clone()]);
    assert_eq!(only_four.place(ip("32.1.0.0")), place("US", "Dallas"));
    assert_eq!(only_four.place(ip("2001::1")), place("", ""));
    let only_six = opened([six.clone()]);
    assert_eq!(only_six.place(ip("32.1.0.0")), place("", ""));
    let both = opened([six, four]);
    assert_eq!(both.place(ip("32.1.0.0")), place("US", "Dallas"));
    assert_eq!(both.place(ip("2001::1")), place("JP", "Tokyo"));
}

#[test]
fn for_each_field_the_first_database_that_knows_it_wins() {
    let countries = mmdb::mmdb(4, 24, &[("1.0.0.0/8", map(&[("country_code", text("NZ"))]))]);
    let cities = mmdb::mmdb(4, 28, &[("1.0.0.0/8", nested("AU", "Perth"))]);
    let places = opened([countries.clone(), cities.clone()]);
    assert_eq!(places.place(ip("1.1.1.1")), place("NZ", "Perth"));
    let places = opened([cities, countries]);
    assert_eq!(places.place(ip("1.1.1.1")), place("AU", "Perth"));
    assert_eq!(Places::default().place(ip("1.1.1.1")), Place::default());
    assert_eq!(opened([]).country(ip("1.1.1.1")), None);
}

#[test]
fn private_addresses_are_nowhere_whatever_a_database_says() {
    let all = [("0.0.0.0/1", flat("US", "x")), ("128.0.0.0/1", flat("US", "x"))];
    let six = [("8000::/1", flat("US", "x")), ("::/2", flat("US", "x"))];
    let places = opened([mmdb::mmdb(4, 24, &all), mmdb::mmdb(6, 24, &six)]);
    let private = "10.1.2.3 172.16.0.1 192.168.88.80 127.0.0.1 169.254.1.1 100.64.0.1 0.0.0.0 \
                   224.0.0.251 255.255.255.255 ::1 :: fe80::1 fd00::1 ff02::fb ::ffff:10.0.0.1";
    for address in private.split_whitespace() {
        assert_eq!(places.place(ip(address)), Place::default(), "{address}");
    }
    for address in ["11.0.0.1", "100.128.0.1", "192.0.2.1", "2001:db8::1", "::ffff:11.0.0.1"] {
        assert_eq!(places.country(ip(address)), Some(*b"US"), "{address}");
    }
}

#[test]
fn what_is_no_country_and_no_city_is_left_out() {
    let long = "x".repeat(256);
    let networks = [
        ("1.0.0.0/8", flat("ZZ", "")),
        ("2.0.0.0/8", flat("-", &long)),
        ("3.0.0.0/8", flat("us", &long[1..])),
        ("4.0.0.0/8", text("no map")),
        ("5.0.0.0/8", map(&[("country", Value::Number(1)), ("city", Value::List(Vec::new()))])),
        ("6.0.0.0/8", map(&[("country", text("x")), ("country_code", text("BR"))])),
    ];
    let places = opened([mmdb::mmdb(4, 24, &networks)]);
    let expected = ["", "", &long[1..], "", ""];
    for (number, city) in expected.into_iter().enumerate() {
        let address = ip(&format!("{}.1.1.1", number + 1));
        assert_eq!(places.place(address), place("", city), "{address}");
    }
    assert_eq!(places.place(ip("6.1.1.1")), place("BR", ""));
}

#[test]
fn long_records_and_far_pointers_are_read() {
    let filler = map(&[("filler", text(&"f".repeat(70_000)))]);
    let mut networks = vec![("1.0.0.0/8", nested("AU", &"y".repeat(200)))];
    networks.extend(std::iter::repeat_n(("2.0.0.0/8", filler), 10));
    let other = "o".repeat(600_000);
    networks.push(("3.0.0.0/8", text(&other)));
    networks.push(("4.0.0.0/8", nested("PE", "Lima")));
    let places = opened([mmdb::mmdb(4, 32, &networks)]);
    assert_eq!(places.place(ip("1.1.1.1")), place("AU", &"y".repeat(200)));
    assert_eq!(places.place(ip("4.1.1.1")), place("PE", "Lima"));
}

#[test]
fn what_is_no_database_is_named_with_its_cause() {
    let right = mmdb::mmdb(4, 24, &[("1.0.0.0/8", flat("AU", "Sydney"))]);
    let Files { folder, paths } = files([right.clone(), b"text".to_vec(), right[60..].to_vec()]);
    let said = |path: PathBuf| Places::open(&[paths[0].clone(), path]).err().unwrap();
    let shown = |name: &str| folder.path().join(name).display().to_string();
    let absent = said(folder.path().join("absent.mmdb"));
    assert_eq!(absent, format!("cannot read {}: No such file or directory", shown("absent.mmdb")));
    let none = said(paths[1].clone());
    let cause = "could not find MaxMind DB metadata in file";
    assert_eq!(none, format!("{} is no MaxMind database: {cause}", shown("1.mmdb")));
    let cut = said(paths[2].clone());
    assert!(cut.starts_with(&format!("{} is no MaxMind database: ", shown("2.mmdb"))), "{cut}");
    for no_file in [folder.path().to_owned(), "/dev/zero".into()] {
        let said = said(no_file.clone());
        assert_eq!(said, format!("cannot read {}: it is no file", no_file.display()));
    }
}

/// Asks for addresses of every part of the tree; only that it answers matters.
fn ask(bytes: Vec<u8>) {
    let files = files([bytes]);
    let Ok(places) = Places::open(&files.paths) else { return };
    for address in
        ["1.1.1.1", "1.2.3.4", "9.9.9.9", "2a02:cf47::1", "2001:db8::1", "::ffff:1.2.3.4"]
    {
        let _ = places.place(ip(address));
    }
}

fn small(record_bits: usize, schema: fn(&str, &str) -> Value) -> Vec<u8> {
    let networks = [
        ("1.0.0.0/8", schema("AU", "Sydney")),
        ("1.2.3.4/32", schema("SE", "Åre")),
        ("2a02:cf40::/29", schema("CH", "Zürich")),
    ];
    mmdb::mmdb(6, record_bits, &networks)
}

#[test]
fn a_database_cut_anywhere_is_refused_or_answers() {
    let whole = small(24, nested);
    for length in 0..whole.len() {
        ask(whole[..length].to_vec());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_as_a_database_end_with_an_answer(
        record_bits in prop::sample::select(vec![24_usize, 28, 32]),
        is_flat: bool,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = small(record_bits, if is_flat { flat } else { nested });
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        ask(bytes);
    }
}
