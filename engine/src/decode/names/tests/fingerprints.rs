//! Fingerprints against those that their authors publish.

use super::*;

fn list(kind: u16, values: &[u16]) -> Vec<u8> {
    extension(kind, &vector(2, &numbers(values)))
}

fn names_of(message: &[u8]) -> Names {
    of_stream(&[(0, &records(message, 10_000))])
}

fn ja3(message: &[u8]) -> String {
    names_of(message).ja3.map(|ja3| ja3.to_string()).unwrap_or_default()
}

#[test]
fn ja3_is_that_of_its_description() {
    let ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    let extensions =
        [server_name("x.example"), list(10, &[23, 24, 25]), extension(11, &[1, 0])].concat();
    let message = hello(769, None, &ciphers, &extensions);
    assert_eq!(ja3(&message), "ada70206e40642a3e4461f35503241d5");
    let ciphers = [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99];
    assert_eq!(ja3(&hello(769, None, &ciphers, &[])), "de350869b8c85de67a350c8d186f11e6");
}

#[test]
fn ja3_leaves_out_values_without_meaning() {
    let plain = hello(771, None, &[0x1301, 0x1302], &list(10, &[29, 23]));
    let greased = [extension(0x2a2a, &[]), list(10, &[0x4a4a, 29, 23]), extension(0xfafa, &[0])];
    let greased = hello(771, None, &[0x1a1a, 0x1301, 0x1302], &greased.concat());
    assert_eq!(ja3(&plain), ja3(&greased));
}

#[test]
fn ja4_is_that_of_its_description() {
    let ciphers = [
        0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let versions = vector(1, &numbers(&[0x0a0a, 0x0304, 0x0303]));
    let mut extensions = extension(0x1a1a, &[]);
    for kind in [0x001b, 0x0033, 0x4469, 0x0005, 0x0023, 0x0012, 0x0017, 0xff01, 0x002d, 0x0015] {
        extensions.extend(extension(kind, &[]));
    }
    extensions.extend(server_name("foxio.example"));
    extensions.extend(extension(43, &versions));
    extensions.extend(list(13, &algorithms));
    extensions
        .extend([alpn(&["h2", "http/1.1"]), list(10, &[29]), extension(11, &[1, 0])].concat());
    let ja4 = names_of(&hello(0x0303, None, &ciphers, &extensions)).ja4;
    assert_eq!(ja4.as_deref(), Some("t13d1516h2_8daaf6152771_e5627efa2ab1"));
}

#[test]
fn ja4_of_little_has_zeros_and_of_odd_protocols_digits() {
    let bare = names_of(&hello(0x0301, None, &[], &[])).ja4;
    assert_eq!(bare.as_deref(), Some("t10i000000_000000000000_000000000000"));
    for (protocol, ends) in [("h", "hh"), ("\u{7f}x", "78"), ("http/1.1", "h1"), ("h2-", "6d")] {
        let ja4 = names_of(&hello(0x0303, None, &[], &alpn(&[protocol]))).ja4;
        let word = format!("t12i0001{ends}_");
        assert!(ja4.as_deref().is_some_and(|ja4| ja4.starts_with(&word)), "{ja4:?} {word}");
    }
}
