//! The reference API, route by route and field by field.

use serde_json::{Value, json};

use super::server::{Place, Server, counts, total};
use crate::cli::run::{Table, flows};
use crate::cli::traffic::office;

/// A server with one finished job over the sample.
fn office_job(place: &Place) -> (Server, u64) {
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    let job = server.finished("office.pcap");
    (server, job)
}

fn office_flows(place: &Place) -> Table {
    Table::of(&flows(&place.captures(), &["office.pcap", "--splt", "1"]).replace('"', ""))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_capture_is_listed_processed_and_counted() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    place.capture("a.b.pcap.gz", b"no capture");
    let server = place.serve(&[]);
    crate::cli::run::until("both are looked at", || {
        let files = server.ask("/files/list");
        files.as_array().unwrap().len() == 2
            && files.as_array().unwrap().iter().all(|file| file["indexing"].is_null())
    });
    let files = server.ask("/files/list");
    let file = |name: &str| -> Value {
        let mut all = files.as_array().unwrap().iter();
        all.find(|file| file["name"] == name).cloned().unwrap_or_else(|| panic!("{files}"))
    };
    let fresh = file("office");
    assert_eq!(fresh["extension"], "pcap");
    assert_eq!(fresh["status"], json!({ "state": "new" }));
    assert_eq!(fresh["time_start"], 1_710_406_800);
    let size = office().len().div_ceil(1_024);
    assert_eq!(fresh["size"], size);
    assert!(fresh["flows_count"].is_null(), "{fresh}");
    let other = file("a.b");
    assert_eq!((&other["extension"], &other["time_start"]), (&json!("pcap.gz"), &json!(0)));
    assert!(other["message"].is_string(), "{other}");

    let begun = server.post(&json!({ "file_name": "office.pcap" })).json();
    let job = begun["job_id"].as_u64().unwrap();
    let status = server.wait(job);
    assert_eq!(status["state"], "finished");
    let times = ["started_at", "finished_at"].map(|name| status[name].as_i64().unwrap());
    assert!(times[0] <= times[1] && times[0] > 1_700_000_000, "{status}");
    assert_eq!(status["job_id"], job);

    let details = server.ask(&format!("/file/{job}/details"));
    assert_eq!(details["status"], status);
    let table = flows(&place.captures(), &["office.pcap"]);
    let rows = table.lines().count() as u64 - 1;
    assert_eq!(details["flows_count"], rows);
    let listed = server.ask("/files/list");
    assert!(listed.as_array().unwrap().contains(&details), "{listed}");

    let statistics = server.ask(&format!("/file/{job}/statistics"));
    let titles: Vec<&str> =
        statistics.as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert_eq!(titles[..4], ["protocols", "clients", "servers", "labels"]);
    for title in ["protocols", "clients", "servers", "transports"] {
        assert_eq!(total(&statistics, title), rows, "{title}");
    }
    for item in statistics.as_array().unwrap() {
        assert_eq!(keys(item), ["content", "title"]);
        let content: Vec<u64> = counts(&statistics, item["title"].as_str().unwrap())
            .into_iter()
            .map(|(_, count)| count)
            .collect();
        assert!(content.is_sorted_by(|one, other| one >= other), "{item}");
    }
    let limited = server.ask(&format!("/file/{job}/statistics?limit=1"));
    let clients = counts(&limited, "clients");
    assert_eq!(clients.len(), 2);
    assert_eq!(clients[1].0, "(other)");
    assert_eq!(total(&limited, "clients"), rows);
}

#[test]
fn counts_of_labels_and_addresses_are_those_of_the_flows() {
    let place = Place::new();
    let (server, job) = office_job(&place);
    let rows: Vec<Value> = flows(&place.captures(), &["office.pcap", "--format", "jsonl"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let having =
        |name: &str, value: &str| rows.iter().filter(|row| row[name] == value).count() as u64;

    let statistics = server.ask(&format!("/file/{job}/statistics"));
    for (label, count) in counts(&statistics, "labels") {
        assert_eq!(count, having("label", &label), "{label}");
        let of_label = server.ask(&format!("/file/{job}/statistics/labels?label={label}"));
        for title in ["clients", "servers"] {
            assert_eq!(total(&of_label, title), count, "{label} {title}");
        }
        let flows = server.ask(&format!("/file/{job}/flows/labels?label={label}"));
        let flows = flows.as_array().unwrap();
        assert_eq!(flows.len() as u64, count, "{label}");
        let wanted = [
            "client_ip",
            "client_port",
            "server_ip",
            "server_port",
            "time_start",
            "time_end",
            "comment",
        ];
        for flow in flows {
            assert!(wanted.iter().all(|key| !flow[*key].is_null()), "{flow}");
        }
    }
    let clients = counts(&statistics, "clients");
    for (client, count) in &clients {
        assert_eq!(*count, having("client_ip", client));
        let details = server.ask(&format!("/file/{job}/statistics/ip?ip={client}"));
        assert_eq!((&details["country"], &details["city"]), (&json!("unknown"), &json!("unknown")));
        let all = count + having("server_ip", client);
        assert_eq!(total(&details["statistics"], "peers"), all, "{client}");
        assert_eq!(total(&details["statistics"], "protocols"), all);
    }
    let laptop = server.ask(&format!("/file/{job}/statistics/ip?ip=192.168.1.52"));
    assert!(laptop["user_agent"].is_string(), "{laptop}");
    let web = server.ask(&format!("/file/{job}/statistics/ip?ip=203.0.113.10"));
    assert_eq!(web["domain_name"], "www.example.com");
    let nobody = server.ask(&format!("/file/{job}/statistics/ip?ip=2001:db8::99"));
    assert_eq!(total(&nobody["statistics"], "peers"), 0);
    let _ = office_flows(&place);
}

#[test]
fn exports_are_what_the_command_writes() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    for profile in ["native", "iscx", "iscx-a2", "iscx-fixed", "cic", "cic-fixed", "nfstream"] {
        let body = json!({ "file_name": "office.pcap", "profile": profile });
        let job = server.post(&body).json()["job_id"].as_u64().unwrap();
        assert_eq!(server.wait(job)["state"], "finished", "{profile}");
        for format in ["csv", "jsonl"] {
            let expected = flows(
                &place.captures(),
                &["office.pcap", "--profile", profile, "--format", format],
            );
            let exported = String::from_utf8(server.export(job, format)).unwrap();
            assert_eq!(exported, expected, "{profile} {format}");
        }
        assert!(server.export(job, "parquet").starts_with(b"PAR1"));
    }
}

#[test]
fn exports_have_the_flows_that_are_asked_for() {
    let place = Place::new();
    place.capture("office.pcap", &office());
    let server = place.serve(&[]);
    let body = json!({ "file_name": "office.pcap", "profile": "cic-fixed" });
    let others = server.post(&body).json()["job_id"].as_u64().unwrap();
    assert_eq!(server.wait(others)["state"], "finished");
    let job = server.finished("office.pcap");
    let all = String::from_utf8(server.export(job, "jsonl")).unwrap();
    type IsWanted = fn(&Value) -> bool;
    let filters: [(&str, IsWanted); 4] = [
        ("label=dns", |row| row["label"] == "dns"),
        ("ip=203.0.113.10", |row| {
            [&row["client_ip"], &row["server_ip"]].contains(&&json!("203.0.113.10"))
        }),
        ("port=53&protocol=udp", |row| row["server_port"] == 53 && row["protocol"] == 17),
        ("from=1710406900", |_| false),
    ];
    for (filter, is_wanted) in filters {
        let export = |job: u64, format: &str| {
            let reply = server.get(&format!("/file/{job}/flows?{filter}&format={format}"));
            assert_eq!(reply.status, 200, "{filter}: {reply:?}");
            reply.body
        };
        let wanted: Vec<&str> =
            all.lines().filter(|line| is_wanted(&serde_json::from_str(line).unwrap())).collect();
        let told = String::from_utf8(export(job, "jsonl")).unwrap();
        assert_eq!(told.lines().collect::<Vec<_>>(), wanted, "{filter}");
        // Columns of a profile that has none of what is asked for, too.
        let rows = |job| String::from_utf8(export(job, "csv")).unwrap().lines().count();
        assert_eq!(rows(job), wanted.len() + 1, "{filter}");
        assert!((rows(others) > 1) != wanted.is_empty(), "{filter}");
        assert!(export(job, "parquet").starts_with(b"PAR1"), "{filter}");
    }
    let unknown = server.get(&format!("/file/{job}/flows?label=nobody&format=csv"));
    assert_eq!(unknown.status, 404);
}

#[test]
fn what_is_not_there_is_said_in_one_shape() {
    let place = Place::new();
    let (server, job) = office_job(&place);
    let wrong = [
        (format!("/file/{}/status", job + 1), 404),
        ("/file/x/status".to_owned(), 404),
        ("/nowhere".to_owned(), 404),
        (format!("/file/{job}/statistics/labels?label=nobody"), 404),
        (format!("/file/{job}/statistics/labels"), 400),
        (format!("/file/{job}/statistics/ip?ip=nobody"), 400),
        (format!("/file/{job}/statistics?limit=0"), 400),
        (format!("/file/{job}/flows?format=xml"), 400),
        ("/files/process".to_owned(), 405),
    ];
    for (path, status) in wrong {
        let reply = server.get(&path);
        assert_eq!(reply.status, status, "{path}");
        let error = reply.json();
        assert_eq!((&error["status"], &error["code"]), (&json!(status), &json!(status)), "{path}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
    }
    // Known to plugins, but not in the capture.
    let none = server.ask(&format!("/file/{job}/statistics/labels?label=socks5"));
    assert_eq!(none, server.ask(&format!("/file/{job}/statistics/labels?label=sokcs5")));
    assert_eq!(total(&none, "clients"), 0);
    let labels = server.ask("/labels/list");
    let vpn = labels.as_array().unwrap().iter().find(|group| group["group_name"] == "vpn");
    assert!(vpn.is_some(), "{labels}");
}

#[test]
fn pages_together_are_all_flows_and_filters_pick_some() {
    let place = Place::new();
    let (server, job) = office_job(&place);
    let all = server.ask(&format!("/file/{job}/flows/labels?label=dns"));
    let (mut path, mut paged) = (format!("/file/{job}/flows?label=dns&limit=2"), Vec::new());
    loop {
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{path}");
        paged.extend(reply.json().as_array().unwrap().clone());
        let Some(link) = reply.header("Link") else { break };
        let next = link.split(['<', '>']).nth(1).unwrap();
        path = next.trim_start_matches(&server.url).to_owned();
        assert!(paged.len() < 100, "{link}");
    }
    assert_eq!(Value::Array(paged), all);
    let count =
        |filter: &str| server.ask(&format!("/file/{job}/flows?{filter}")).as_array().unwrap().len();
    let dns = all.as_array().unwrap().len();
    assert_eq!(count("port=53&protocol=17"), dns);
    assert!(count("domain=www.example.com") > 0);
    assert!(count("domain=www.example.com") < count("domain=example.com"));
    assert_eq!(count("from=1710406900"), 0);
    assert_eq!(count("to=1710406799"), 0);
}

#[test]
fn countries_and_cities_are_those_of_the_databases() {
    use crate::support::mmdb::{mmdb, nested};
    let place = Place::new();
    let database = mmdb(6, 28, &[("203.0.113.0/24", nested("FR", "Paris"))]);
    std::fs::write(place.root.path().join("places.mmdb"), database).unwrap();
    place.capture("office.pcap", &office());
    let server = place.serve(&["--geoip", "places.mmdb"]);
    let job = server.finished("office.pcap");
    let statistics = server.ask(&format!("/file/{job}/statistics"));
    let countries = counts(&statistics, "countries");
    let rows = total(&statistics, "servers");
    assert_eq!(total(&statistics, "countries"), rows);
    let french: u64 = counts(&statistics, "servers")
        .iter()
        .filter(|(server, _)| server.starts_with("203.0.113."))
        .map(|(_, count)| count)
        .sum();
    assert!(french > 0 && countries.contains(&("FR".to_owned(), french)), "{countries:?}");
    let details = server.ask(&format!("/file/{job}/statistics/ip?ip=203.0.113.10"));
    assert_eq!((&details["country"], &details["city"]), (&json!("FR"), &json!("Paris")));
}

#[test]
fn who_listens_hears_of_the_end_and_who_asks_again_hears_that_nothing_is_new() {
    let place = Place::new();
    place.capture("slow.pcap", &super::jobs::slow_capture());
    let server = place.serve(&super::jobs::SLOWLY);
    let job = server.process("slow.pcap");
    let heard = server.get(&format!("/file/{job}/events"));
    let text = String::from_utf8(heard.body).unwrap();
    assert!(text.contains("event:progress") || text.contains("event: progress"), "{text}");
    let last = text.lines().rfind(|line| line.starts_with("data:")).unwrap();
    assert!(last.contains("\"finished\""), "{text}");
    let status = server.get(&format!("/file/{job}/status"));
    let tag = status.header("ETag").unwrap().to_owned();
    assert_eq!(server.get_unless(&format!("/file/{job}/status"), &tag).status, 304);
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(metrics.contains("tractor_jobs_finished 1"), "{metrics}");
}
