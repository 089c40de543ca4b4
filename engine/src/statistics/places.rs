//! Countries and cities of addresses, looked up in databases that the user names (MaxMind DB format).

use crate::limits::{PLACE_NAME_BYTES_MAX, PLACES_FILE_BYTES_MAX};
use maxminddb::{LookupResult, PathElement, Reader, path};
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Databases in the order in which they are asked: for each field the first that knows it wins.
#[derive(Default)]
pub struct Places {
    databases: Vec<Reader<Vec<u8>>>,
}

/// Where an address is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Two letters (ISO 3166-1).
    pub country: Option<String>,
    /// In English, where the database has several languages.
    pub city: Option<String>,
}

/// Where MaxMind's databases have the country.
const NESTED_COUNTRY: [PathElement<'_>; 2] =
    [PathElement::Key("country"), PathElement::Key("iso_code")];

impl Places {
    /// Reads the databases; they are kept in memory.
    ///
    /// # Errors
    /// A sentence that names the first file that is none, and why.
    pub fn open(paths: &[PathBuf]) -> Result<Self, String> {
        let databases = paths.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
        Ok(Self { databases })
    }

    /// The country's two letters (ISO 3166-1).
    pub fn country(&self, address: IpAddr) -> Option<[u8; 2]> {
        self.first(address, country_in)
    }

    pub fn place(&self, address: IpAddr) -> Place {
        let country = self.country(address);
        Place {
            country: country.map(|letters| letters.iter().copied().map(char::from).collect()),
            city: self.first(address, city_in),
        }
    }

    /// The first answer of a database. A file may hold any bytes: what is wrong in it is as good as
    /// no answer.
    fn first<T>(&self, address: IpAddr, read: fn(&Found<'_>) -> Option<T>) -> Option<T> {
        let address = address.to_canonical();
        if is_private(address) {
            return None;
        }
        self.databases.iter().find_map(|database| {
            // One for IPv4 alone is not asked for others.
            if address.is_ipv6() && database.metadata().ip_version == 4 {
                return None;
            }
            // The library means to return errors for any bytes, but nobody has shown that it does.
            catch_unwind(|| read(&database.lookup(address).ok()?)).ok().flatten()
        })
    }
}

type Found<'a> = LookupResult<'a, Vec<u8>>;

fn country_in(found: &Found<'_>) -> Option<[u8; 2]> {
    let code = text(found, &NESTED_COUNTRY).or_else(|| text(found, &path!["country_code"]))?;
    let letters: [u8; 2] = code.as_bytes().try_into().ok()?;
    // ZZ is what databases say of networks that are nowhere.
    let is_one = letters.iter().all(u8::is_ascii_uppercase) && letters != *b"ZZ";
    is_one.then_some(letters)
}

fn city_in(found: &Found<'_>) -> Option<String> {
    let name =
        text(found, &path!["city", "names", "en"]).or_else(|| text(found, &path!["city"]))?;
    let is_one = !name.is_empty() && name.len() <= PLACE_NAME_BYTES_MAX;
    is_one.then(|| name.to_owned())
}

fn text<'a>(found: &Found<'a>, path: &[PathElement<'_>]) -> Option<&'a str> {
    found.decode_path(path).ok().flatten()
}

/// Addresses that mean something else in every network: whatever a database says of them is not so.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            let is_nobodys = address.is_unspecified() || address == Ipv4Addr::BROADCAST;
            let is_local = address.is_private() || address.is_loopback() || address.is_link_local();
            is_local || is_shared || is_nobodys || address.is_multicast()
        }
        IpAddr::V6(address) => {
            let is_local = address.is_unique_local() || address.is_unicast_link_local();
            let is_nobodys = address == Ipv6Addr::UNSPECIFIED || address == Ipv6Addr::LOCALHOST;
            is_local || is_nobodys || address.is_multicast()
        }
    }
}

fn open(path: &Path) -> Result<Reader<Vec<u8>>, String> {
    let bytes = read(path).map_err(|cause| {
        let cause = cause.to_string();
        let words = cause.split(" (os error").next().unwrap_or_default();
        format!("cannot read {}: {words}", path.display())
    })?;
    let none = |cause: &str| format!("{} is no MaxMind database: {cause}", path.display());
    match catch_unwind(|| Reader::from_source(bytes)) {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(cause)) => {
            let cause = cause.to_string();
            let cause = cause.strip_prefix("invalid database: ").unwrap_or(&cause);
            Err(none(&cause.replace('\n', " ")))
        }
        Err(_) => Err(none("it cannot be made sense of")),
    }
}

/// A device or a pipe has no end, and would be waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(PLACES_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PLACES_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is longer than {PLACES_FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}
