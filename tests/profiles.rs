//! Profiles from the outside: the documents' examples, the schema beside the reader, what conversions write, and the
//! command line's words.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its fixture has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use serde_json::{Value, json};
use soak::profile::{self, Draft, Environment, Profile};

const SCHEMA: &str = include_str!("../docs/profile.schema.json");
const GUIDE: &str = include_str!("../docs/profiles.md");

/// Any variable is set.
struct Everything;

impl Environment for Everything {
    fn value(&self, name: &str) -> Option<String> {
        Some(if name == "SOAK_URL" { "http://127.0.0.1:8080".to_owned() } else { format!("value-of-{name}") })
    }
}

fn problems(text: &str) -> Vec<String> {
    let found = profile::check(text, "p", Path::new(env!("CARGO_MANIFEST_DIR")), &Everything);
    found.iter().map(ToString::to_string).collect()
}

/// The blocks of TOML of the guide.
fn examples() -> Vec<&'static str> {
    GUIDE.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("toml\n")).collect()
}

fn shipped() -> Vec<(&'static str, &'static str)> {
    profile::builtin_names().map(|name| (name, profile::builtin_text(name).unwrap())).collect()
}

/// TOML as the JSON that a schema sees.
fn as_json(text: &str) -> Value {
    fn of(value: &toml::de::DeValue<'_>) -> Value {
        use toml::de::DeValue;
        match value {
            DeValue::String(text) => json!(text),
            DeValue::Integer(number) => json!(i64::from_str_radix(number.as_str(), number.radix()).unwrap()),
            DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap()),
            DeValue::Boolean(truth) => json!(truth),
            DeValue::Datetime(date) => json!(date.to_string()),
            DeValue::Array(items) => items.iter().map(|item| of(item.get_ref())).collect(),
            DeValue::Table(table) => object(table),
        }
    }
    fn object(table: &toml::de::DeTable<'_>) -> Value {
        Value::Object(table.iter().map(|(key, item)| (key.get_ref().to_string(), of(item.get_ref()))).collect())
    }
    object(toml::de::DeTable::parse(text).unwrap().get_ref())
}

/// What the schema has against a text; nothing where it is content.
fn schema_says(text: &str) -> Option<String> {
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("profile.json", serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let index = compiler.compile("profile.json", &mut schemas).unwrap();
    schemas.validate(&as_json(text), index).err().map(|error| error.to_string())
}

mod documents {
    use super::*;

    #[test]
    fn every_example_of_the_guide_is_sound_for_reader_and_schema() {
        let examples = examples();
        assert!(examples.len() >= 9, "{}", examples.len());
        for example in examples {
            assert_eq!(problems(example), [""; 0], "{example}");
            assert_eq!(schema_says(example), None, "{example}");
        }
    }

    #[test]
    fn every_shipped_profile_is_sound_for_reader_and_schema_and_in_the_list() {
        let list = include_str!("../profiles/README.md");
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles")).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let files: BTreeSet<String> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(files, profile::builtin_names().map(str::to_owned).collect(), "each file is built in");
        for (name, text) in shipped() {
            assert_eq!(problems(text), [""; 0], "{name}");
            assert_eq!(schema_says(text), None, "{name}");
            assert!(list.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_guide_names_every_key() {
        let keys = profile::known_keys();
        for key in keys.iter().flat_map(|(_, keys)| *keys) {
            assert!(GUIDE.contains(key), "{key}");
        }
    }
}

mod schema {
    use super::*;

    #[test]
    fn schema_and_reader_know_the_same_keys() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        for (table, keys) in profile::known_keys() {
            let place =
                if table == "profile" { "/properties".to_owned() } else { format!("/$defs/{table}/properties") };
            let properties = schema.pointer(&place).and_then(Value::as_object).unwrap_or_else(|| panic!("{place}"));
            let of_schema: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            let of_reader: BTreeSet<&str> = keys.iter().copied().collect();
            assert_eq!(of_schema, of_reader, "{table}");
        }
        let tables: BTreeSet<&str> = profile::known_keys().iter().map(|(table, _)| *table).collect();
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            if definition.get("properties").is_some() {
                assert!(tables.contains(name.as_str()), "the reader has no table for {name}");
            }
        }
    }

    #[test]
    fn what_the_schema_refuses_the_reader_refuses_too() {
        for text in [
            "hwat = 1",
            "get = 1",
            "get = \"x\"",
            "get = \"/\"\n[target]\nhttp = \"3\"",
            "get = \"/\"\n[target]\nconnections = \"sometimes\"",
            "[[step]]\nget = \"/\"\npost = \"/\"",
            "[[step]]\nname = \"x\"",
            "[[step]]\nget = \"/\"\nexpect = 99",
            "[[step]]\nget = \"/\"\nexpect = { json = { \"$.a\" = { exists = true, absent = true } } }",
            "[[step]]\nget = \"/\"\nrepeat = 0",
            "[[step]]\nget = \"/\"\nstream = \"maybe\"",
            "[[step]]\nget = \"/\"\nretry = {}",
            "[[step]]\nget = \"/\"\nleave = { share = \"20%\" }",
            "[[step]]\nget = \"/\"\ncapture = { a = \"trailer x\" }",
            "[[flow.a]]\nget = \"/\"\n[[class]]\nname = \"a\"\nweight = 0",
            "[[flow.a]]\nget = \"/\"\n[[class]]\nweight = 1",
            "get = \"/\"\n[data.d]\npick = \"best\"",
            "get = \"/\"\n[[objective]]\ntarget = \"1s\"",
            "get = \"/\"\n[scenario.x]\nusers = 0\nduration = \"1m\"",
            "get = \"/\"\n[scenario.x]\nstages = [{ target = 5 }]",
            "get = \"/\"\n[scrape]\nurl = \"/metrics\"",
            "get = \"/\"\nslow = \"soon\"",
        ] {
            assert!(schema_says(text).is_some(), "the schema takes {text}");
            assert!(!problems(text).is_empty(), "the reader takes {text}");
        }
    }
}

mod conversions {
    use super::*;

    /// The profile that a draft makes, after reader and schema had their say.
    fn sound(draft: &Draft) -> Profile {
        assert_eq!(problems(&draft.text), [""; 0], "{}", draft.text);
        assert_eq!(schema_says(&draft.text), None, "{}", draft.text);
        Profile::parse(&draft.text, "p", Path::new("."), &BTreeMap::from(ENVIRONMENT.map(owned))).unwrap()
    }

    const ENVIRONMENT: [(&str, &str); 8] = [
        ("TOKEN", "t"),
        ("COOKIE", "c"),
        ("PASSWORD", "p"),
        ("API_KEY", "k"),
        ("BASIC_AUTH", "b"),
        ("SIG", "s"),
        ("SESSION", "s"),
        ("X_CSRF", "x"),
    ];

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_curl_command_becomes_a_profile_without_its_secrets() {
        let draft = profile::from_curl(
            "curl -sS 'http://127.0.0.1:8080/v1/items?page=2&sig=s3cret' -X PUT \\\n  -H 'Authorization: Bearer s3cret' \
             -H 'Content-Type: application/json' -b 'sid=s3cret' --data-raw '{\"password\":\"s3cret\",\"n\":1,\"t\":\"{{x}}\"}'",
        )
        .unwrap();
        let profile = sound(&draft);
        let step = &profile.flows[0].steps[0];
        assert_eq!((step.method.as_str(), step.name.as_str()), ("PUT", "PUT /v1/items"));
        assert_eq!(step.url.source, "/v1/items?page=2&sig=${SIG}");
        assert_eq!(profile.connection.url.as_ref().unwrap().source, "${SOAK_URL:-http://127.0.0.1:8080}");
        assert!(!draft.text.contains("s3cret") && !draft.notes.concat().contains("s3cret"), "{draft:?}");
        assert!(draft.notes.iter().any(|note| note.contains("export SIG=")), "{:?}", draft.notes);
        assert!(draft.text.contains("{{{{x}}"), "a literal stays one: {}", draft.text);
    }

    #[test]
    fn a_user_in_a_url_or_of_u_is_a_secret_header() {
        for command in ["curl http://ann:s3cret@h/x", "curl -u ann:s3cret http://h/x", "curl -uann:s3cret h/x"] {
            let draft = profile::from_curl(command).unwrap();
            assert!(draft.text.contains("Basic ${BASIC_AUTH}") && !draft.text.contains("s3cret"), "{}", draft.text);
            sound(&draft);
        }
    }

    #[test]
    fn a_curl_command_that_cannot_be_said_is_refused_by_its_option() {
        for (command, part) in [
            ("curl", "no URL"),
            ("curl -d @file http://h/", "@FILE"),
            ("curl -F a=b http://h/", "-F"),
            ("curl 'http://h/", "not closed"),
            ("curl -H nocolon http://h/", "colon"),
            ("curl -X", "lacks its value"),
            ("curl http://h/ http://i/", "several"),
            ("curl ftp://h/", "http://"),
        ] {
            let message = profile::from_curl(command).unwrap_err().to_string();
            assert!(message.contains(part), "{command}: {message}");
        }
    }

    fn entry(method: &str, url: &str, status: u16, kind: &str) -> Value {
        json!({
            "request": { "method": method, "url": url, "headers": [
                { "name": "Cookie", "value": "sid=s3cret" }, { "name": ":method", "value": method },
                { "name": "sec-fetch-mode", "value": "cors" }, { "name": "Accept", "value": "*/*" } ] },
            "response": { "status": status, "content": { "mimeType": kind } }
        })
    }

    #[test]
    fn a_recording_keeps_the_main_host_and_leaves_out_what_says_nothing() {
        let mut login = entry("POST", "https://api.example.com/login", 200, "application/json");
        login["request"]["postData"] =
            json!({ "mimeType": "application/x-www-form-urlencoded", "text": "user=ann+b&password=s3cret%21" });
        let har = json!({ "log": { "entries": [
            login,
            entry("GET", "https://api.example.com/items?q=a%20b", 200, "application/json"),
            entry("GET", "https://api.example.com/items?q=c", 200, "application/json"),
            entry("GET", "https://api.example.com/app.js?v=1", 200, "text/javascript"),
            entry("GET", "https://cdn.example.org/beacon", 204, ""),
            entry("OPTIONS", "https://api.example.com/items", 204, ""),
            entry("GET", "https://api.example.com/ws", 101, ""),
            entry("GET", "data:text/plain,x", 200, ""),
        ] } });
        let draft = profile::from_har(&har.to_string()).unwrap();
        let profile = sound(&draft);
        let names: Vec<&str> = profile.flows[0].steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["POST /login", "GET /items", "GET /items (2)"]);
        let headers: Vec<&str> = profile.flows[0].steps[1].headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(headers, ["cookie", "accept"]);
        assert!(!draft.text.contains("s3cret") && draft.text.contains("user = \"ann b\""), "{}", draft.text);
        let notes = draft.notes.join("\n");
        for part in ["1 static files", "cdn.example.org", "1 preflights", "not HTTP", "export PASSWORD="] {
            assert!(notes.contains(part), "{part} in {notes}");
        }
    }

    #[test]
    fn a_description_becomes_a_step_for_each_operation() {
        let description = json!({
            "openapi": "3.0.0", "info": { "title": "Shop" },
            "servers": [{ "url": "http://127.0.0.1:8080/v1" }],
            "security": [{ "bearer": [] }],
            "components": {
                "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
                "schemas": { "Item": { "type": "object", "required": ["name", "tags", "parent"], "properties": {
                    "id": { "type": "integer" }, "name": { "type": "string", "example": "pen" },
                    "tags": { "type": "array", "items": { "type": "string" } },
                    "parent": { "$ref": "#/components/schemas/Item" } } } }
            },
            "paths": { "/items/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "example": 7 } }],
                "get": { "operationId": "getItem", "parameters": [
                    { "name": "fields", "in": "query", "required": true, "schema": { "type": "string", "enum": ["all"] } },
                    { "name": "page", "in": "query", "schema": { "type": "integer" } }],
                    "responses": { "200": {}, "404": {} } },
                "put": { "requestBody": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Item" } } } }, "responses": { "204": {} } },
                "patch": { "deprecated": true, "responses": {} },
                "delete": { "responses": { "204": {} } }
            } }
        });
        let draft = profile::from_openapi(&description.to_string()).unwrap();
        let profile = sound(&draft);
        let steps = &profile.flows[0].steps;
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["getItem", "PUT /v1/items/{{id}}", "DELETE /v1/items/{{id}}"]);
        assert_eq!(steps[0].url.source, "/v1/items/{{id}}?fields=all");
        assert_eq!(profile.variables["id"].source, "7");
        assert!(draft.text.contains("name = \"pen\"") && draft.text.contains("Bearer ${TOKEN}"), "{}", draft.text);
        assert!(draft.notes.iter().any(|note| note.contains("deprecated")), "{:?}", draft.notes);
    }

    #[test]
    fn what_is_no_recording_and_no_description_is_said_so() {
        for text in ["", "{}", "[]", "openapi: 3.0.0\npaths: {}", "{\"log\":{\"entries\":[]}}", "{\"paths\":{}}"] {
            assert!(profile::from_har(text).is_err(), "{text}");
            assert!(profile::from_openapi(text).is_err(), "{text}");
        }
        let message = profile::from_openapi("openapi: 3.0.0\npaths: {}").unwrap_err().to_string();
        assert!(message.contains("YAML"), "{message}");
    }
}

mod command_line {
    use super::*;

    fn soak(arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("TOKEN").arg("profile").args(arguments);
        command.output().unwrap()
    }

    fn said(output: &Output) -> (i32, String) {
        (output.status.code().unwrap(), String::from_utf8(output.stdout.clone()).unwrap())
    }

    #[test]
    fn check_points_at_each_slip_and_ends_with_2() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.toml");
        std::fs::write(&file, "get = \"/\"\nslwo = \"1s\"\nthink = 3\n").unwrap();
        let (code, printed) = said(&soak(&["check", file.to_str().unwrap()]));
        let at = |place: &str| format!("{}:{place}", file.display());
        assert_eq!(code, 2);
        assert!(printed.contains(&at("2:1: `slwo`: no such key; did you mean `slow`?")), "{printed}");
        assert!(printed.contains(&at("3:9: ")), "{printed}");
        std::fs::write(&file, "get = \"/\"\nfail_on = [\"rss grows\"]\n").unwrap();
        let (code, printed) = said(&soak(&["check", file.to_str().unwrap()]));
        assert!(code == 2 && printed.contains(&at("2:13: `fail_on`")), "{printed}");
    }

    #[test]
    fn check_says_in_a_line_what_a_sound_profile_holds_and_what_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("good.toml");
        std::fs::write(&file, "get = \"/\"\n[target]\nheaders = { authorization = \"Bearer ${TOKEN}\" }\n").unwrap();
        let (code, printed) = said(&soak(&["check", file.to_str().unwrap()]));
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("1 class, 1 flow, 1 step") && printed.contains("not set yet: TOKEN"), "{printed}");
        assert_eq!(printed.lines().count(), 1);
    }

    #[test]
    fn shipped_profiles_are_listed_and_shown() {
        let (code, printed) = said(&soak(&["list"]));
        assert_eq!(code, 0, "{printed}");
        for name in profile::builtin_names() {
            assert!(printed.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {printed}");
        }
        let (code, printed) = said(&soak(&["show", "health"]));
        assert_eq!((code, printed.as_str()), (0, profile::builtin_text("health").unwrap()));
        let output = soak(&["show", "heath"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && message.contains("did you mean `health`"), "{message}");
    }

    #[test]
    fn a_conversion_prints_the_profile_and_says_the_rest_beside_it() {
        let output = soak(&["from-curl", "curl -H 'Authorization: Bearer s3cret' http://127.0.0.1:1/x"]);
        let notes = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(notes.contains("export TOKEN=") && !notes.contains("s3cret"), "{notes}");
        let (code, printed) = said(&output);
        assert_eq!((code, problems(&printed)), (0, Vec::new()));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let output = soak(&["check", "no/such.toml"]);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && message.contains("no/such.toml"), "{message}");
    }
}

mod data_files {
    use super::*;

    fn columns(name: &str, text: &str) -> Result<(Vec<String>, usize), String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let profile = format!("get = \"/\"\n[data.rows]\nfile = \"{name}\"");
        let read = Profile::parse(&profile, "p", folder.path(), &Everything).map_err(|error| error.to_string())?;
        Ok((read.data[0].columns.clone(), read.data[0].rows.len()))
    }

    #[test]
    fn rows_come_from_csv_json_lines_and_json() {
        let expected = Ok((vec!["a".to_owned(), "b".to_owned()], 2));
        assert_eq!(columns("x.csv", "a,b\n1,\"x, \"\"y\"\"\"\r\n2,z"), expected);
        assert_eq!(columns("x.jsonl", "{\"a\":1,\"b\":2}\n\n{\"b\":3,\"a\":4}\n"), expected);
        assert_eq!(columns("x.json", "[{\"a\":1,\"b\":2},{\"a\":1,\"b\":2}]"), expected);
    }

    #[test]
    fn a_bad_file_is_named_with_its_line() {
        for (name, text, part) in [
            ("x.csv", "", "empty"),
            ("x.csv", "a,b\n", "no rows"),
            ("x.csv", "a,b\n1,2\n3\n", "line 3"),
            ("x.jsonl", "{\"a\":1}\nnonsense\n", "line 2"),
            ("x.jsonl", "{\"a\":1}\n{\"b\":1}\n", "row 2"),
            ("x.json", "{}", "no array"),
            ("x.txt", "a", "ending"),
        ] {
            let message = columns(name, text).unwrap_err();
            assert!(message.contains(part) && message.contains("p:"), "{name} {text}: {message}");
        }
    }
}

/// Text that looks like a profile, so that more of the reader is reached than its first error.
fn near_profile() -> impl Strategy<Value = String> {
    let pieces: Vec<String> = profile::known_keys()
        .iter()
        .flat_map(|(_, keys)| keys.iter().map(|key| format!("{key} = ")))
        .chain(
            [
                "[[step]]\n",
                "[target]\n",
                "[vars]\n",
                "[data.d]\n",
                "[scenario.x]\n",
                "[scenario.steps]\n",
                "[[class]]\n",
                "[[flow.a]]\n",
                "[scrape]\n",
                "[[objective]]\n",
                "[[setup]]\n",
                "[[setup.step]]\n",
                "[[tenant]]\n",
                "\"/\"\n",
                "\"1s..3s\"\n",
                "\"normal(1s, 2s)\"\n",
                "\"{{a.b}}${X:-y}\"\n",
                "\"{{random.text(9MiB)}}\"\n",
                "\"$..[?(@.a)]\"\n",
                "{ a = 1 }\n",
                "[1, \"2xx\"]\n",
                "[{ target = 1 }]\n",
                "0\n",
                "-1\n",
                "nan\n",
                "inf\n",
                "9223372036854775807\n",
                "1e308\n",
                "true\n",
                "1979-05-27\n",
                "\"20%\"\n",
                "\"3 events\"\n",
                "\"é\u{0}\"\n",
                "{",
                "}",
                "[",
                "]",
                "\"",
                "\n",
                "{ \"$.a\" = { between = [1, 2] } }\n",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![".*", near_profile()]) {
        for problem in profile::check(&text, "p", Path::new("/nonexistent"), &Everything) {
            prop_assert!(problem.line >= 1 && problem.column >= 1 && !problem.message.contains('\n'));
        }
    }

    #[test]
    fn no_text_makes_a_conversion_panic(text in prop_oneof![".*", "curl [ -~]{0,60}", r#"\{"paths":\{"/":\{"get":\{.*\}\}\}\}"#]) {
        for draft in [profile::from_curl(&text), profile::from_har(&text), profile::from_openapi(&text)].into_iter().flatten() {
            prop_assert_eq!(problems(&draft.text), Vec::<String>::new(), "{}", draft.text);
        }
    }

    #[test]
    fn any_json_body_passes_through_curl_and_reader(text in "[ -~\u{e9}\\n]{0,40}", number in any::<i64>()) {
        let body = json!({ "t": text, "n": number, "list": [null, { "k k": text }] }).to_string();
        let command = format!("curl --json '{}' http://h/", body.replace('\'', "'\\''"));
        let draft = profile::from_curl(&command).unwrap();
        prop_assert_eq!(problems(&draft.text), Vec::<String>::new(), "{}", draft.text);
    }
}
