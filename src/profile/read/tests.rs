//! What the reader makes of whole files: every form of every key, and bad input by place and message.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::domain::run::Trend;
use crate::profile::model::{
    Arrivals, Body, Capture, JsonExpectation, LeaveAfter, Load, Mix, Need, Pick, Profile, Ramp, SetupFor,
    StatusPattern, Step, Stream, Think,
};
use crate::profile::template::{JsonTemplate, Piece, Template};
use crate::profile::{Problem, check};

const S: Duration = Duration::from_secs(1);

fn environment() -> BTreeMap<String, String> {
    [("TOKEN", "t0p-s3cret"), ("BASE", "http://127.0.0.1:8080"), ("EMPTY", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn read(text: &str) -> Profile {
    match Profile::parse(text, "p", Path::new("."), &environment()) {
        Ok(profile) => profile,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn problems(text: &str) -> Vec<Problem> {
    check(text, "p", Path::new("."), &environment())
}

/// The only problem of a text.
fn problem(text: &str) -> Problem {
    let mut problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:?}\n{text}");
    problems.remove(0)
}

/// A profile of one step with these keys.
fn step(keys: &str) -> Step {
    read(&format!("[[step]]\nget = \"/\"\n{keys}")).flows.remove(0).steps.remove(0)
}

/// The only problem of such a step.
fn step_problem(keys: &str) -> String {
    problem(&format!("[[step]]\nget = \"/\"\n{keys}")).message
}

#[test]
fn one_line_is_a_profile() {
    let profile = read("get = \"/health\"");
    assert_eq!(profile.flows[0].steps[0].name, "GET /health");
    assert_eq!((profile.classes[0].name.as_str(), profile.classes[0].weight), ("p", 1.0));
    assert_eq!(profile.classes[0].think, Think::Uniform(S, 3 * S));
    assert_eq!(profile.default_scenario, "smoke");
    assert_eq!(profile.scenarios.len(), 10);
}

#[test]
fn a_step_is_free_where_it_changes_nothing_and_nothing_uses_what_it_captures() {
    let profile = read(
        "[target]\nurl = \"${BASE}\"\nheaders = { x-key = \"{{key}}\" }\n\
         [[step]]\nget = \"/key\"\ncapture = { key = \"$.key\" }\n\
         [[step]]\nget = \"/list\"\ncapture = { first = \"$[0].id\", count = \"$.n\" }\n\
         [[step]]\nget = \"/items/{{first}}\"\ncapture = { unused = \"$.id\" }\n\
         [[step]]\npost = \"/items\"\n[[step]]\noptions = \"/items\"\n",
    );
    let needs: Vec<Need> = profile.flows[0].steps.iter().map(|step| step.need).collect();
    // The first one's key goes with every later header, the second one's with a path; a POST changes something.
    assert_eq!(needs, [Need::Needed, Need::Needed, Need::Free, Need::Needed, Need::Free]);
}

#[test]
fn what_another_tenant_uses_is_needed() {
    let profile = read(
        "[[tenant]]\nname = \"a\"\n[[tenant]]\nname = \"b\"\n[[step]]\nget = \"/mine\"\ncapture = { id = \"$.id\" }\n\
         [[step]]\nget = \"/docs/{{other.id}}\"\nexpect = 403\n",
    );
    let needs: Vec<Need> = profile.flows[0].steps.iter().map(|step| step.need).collect();
    assert_eq!(needs, [Need::Needed, Need::Free]);
}

#[test]
fn spells_are_a_sixtieth_of_blame_and_whatever_a_scenario_says() {
    let profile = read("get = \"/\"\n[scenario.soak]\nspells = \"90s\"\n[scenario.blame]\nusers = 5");
    let spell = |name: &str| profile.scenarios[name].spell();
    assert_eq!((spell("soak"), spell("blame"), spell("smoke")), (Some(90 * S), Some(10 * S), None));
    assert_eq!(profile.scenarios["blame"].mix, Mix::Spells { length: None });
    for (spells, said) in [("1500ms", "whole seconds"), ("0s", "above zero"), ("often", "a number with its unit")] {
        let message = problem(&format!("get = \"/\"\n[scenario.blame]\nspells = \"{spells}\"")).message;
        assert!(message.contains("spells`") && message.contains(said), "{spells}: {message}");
    }
}

#[test]
fn a_step_says_method_body_and_headers() {
    let profile = read(
        "[[step]]\nname = \"make\"\npost = \"/a\"\nheaders = { X-Trace = \"{{random.uuid}}\" }\n\
         json = { n = 3, list = [\"{{user}}\", true], deep = { t = \"plain\" } }\n\
         [[step]]\nmethod = \"report\"\nurl = \"/b\"\nform = { q = \"{{turn}}\", n = 2 }\n\
         [[step]]\nput = \"/c\"\nbody = \"raw {{repeat}}\"\nrepeat = 3\n",
    );
    let steps = &profile.flows[0].steps;
    assert_eq!(
        (steps[0].method.as_str(), steps[1].method.as_str(), steps[2].method.as_str()),
        ("POST", "REPORT", "PUT")
    );
    assert_eq!(steps[0].headers[0].0, "x-trace");
    let Body::Json(JsonTemplate::Object(fields)) = &steps[0].body else { panic!("{:?}", steps[0].body) };
    assert_eq!(fields[0], ("n".to_owned(), JsonTemplate::Plain(json!(3))));
    assert_eq!(fields[2].1, JsonTemplate::Object(vec![("t".to_owned(), JsonTemplate::Plain(json!("plain")))]));
    let Body::Form(form) = &steps[1].body else { panic!("{:?}", steps[1].body) };
    assert_eq!(form[1], ("n".to_owned(), Template::text("2")));
    assert!(matches!(&steps[2].body, Body::Raw(template) if template.pieces.len() == 2));
    assert_eq!((steps[2].repeat, steps[1].name.as_str()), (3, "REPORT /b"));
}

#[test]
fn captures_come_from_body_headers_and_cookies() {
    let step = step("capture = { sid = \"$.id\", etag = \"header ETag\", sess = \"cookie Session\" }");
    let expected = [
        ("sid".to_owned(), Capture::Json("$.id".to_owned())),
        ("etag".to_owned(), Capture::Header("etag".to_owned())),
        ("sess".to_owned(), Capture::Cookie("Session".to_owned())),
    ];
    assert_eq!(step.captures, expected);
    assert!(step_problem("capture = { a = \"$.\" }").contains("no JSON path"));
    assert!(step_problem("capture = { a = \"trailer x\" }").contains("header etag"));
}

#[test]
fn expectations_read_in_all_their_forms() {
    assert_eq!(step("expect = 201").expect.status, [StatusPattern::Exactly(201)]);
    let several = step("expect = [200, \"4xx\"]").expect.status;
    assert_eq!(several, [StatusPattern::Exactly(200), StatusPattern::Hundred(4)]);
    let whole = step(
        "[step.expect]\nstatus = 200\nbody = \"100 B..64 KiB\"\nheaders = { content-type = \"*\" }\n\
         latency = { at = \"$.ms\", within = \"50ms\", share = \"20%\" }\n[step.expect.json]\n\"$.a\" = { exists = true }\n\
         \"$.b\" = { absent = true }\n\"$.c\" = { between = [1, 5] }\n\"$.d\" = { at_least = 1 }\n\"$.e\" = \"{{user}}\"\n\
         \"$.f\" = { g = 1 }\n\"$.h\" = { exists = false }\n",
    )
    .expect;
    let json: Vec<&JsonExpectation> = whole.json.iter().map(|(_, expected)| expected).collect();
    assert_eq!(
        json[..4],
        [
            &JsonExpectation::Exists,
            &JsonExpectation::Absent,
            &JsonExpectation::Between(1.0, 5.0),
            &JsonExpectation::AtLeast(1)
        ]
    );
    assert!(matches!(json[4], JsonExpectation::Equals(JsonTemplate::Text(_))));
    assert!(matches!(json[5], JsonExpectation::Equals(JsonTemplate::Object(_))));
    assert_eq!(json[6], &JsonExpectation::Absent);
    assert_eq!(whole.body_bytes, Some((100, 65_536)));
    let latency = whole.reported_latency.unwrap();
    assert_eq!((latency.at, latency.within, latency.share), (Capture::Json("$.ms".to_owned()), S / 20, 0.2));
    assert_eq!(step("expect = { failure = \"timeout\" }").expect.failure.as_deref(), Some("timeout"));
    for wrong in
        ["99", "[]", "\"6xx\"", "{ failure = \"timeoot\" }", "{ json = { id = 1 } }", "{ body = \"2..1\" }", "true"]
    {
        assert!(!step_problem(&format!("expect = {wrong}")).is_empty());
    }
}

#[test]
fn retries_streams_and_leaving_read_short_and_long() {
    assert_eq!(step("retry = 3").retry.attempts, 3);
    let retry =
        step("retry = { attempts = 5, backoff = \"1s\", longest = \"9s\", jitter = 0.1, on = [\"status 500\"] }").retry;
    assert_eq!((retry.attempts, retry.backoff, retry.longest, retry.jitter), (5, S, 9 * S, 0.1));
    assert_eq!(retry.on, ["status 500"]);
    let streamed = step("stream = \"events\"\nleave = { after = \"3 events\", share = \"20%\" }");
    assert_eq!(streamed.stream, Stream::ServerSentEvents);
    assert_eq!(streamed.leave.map(|leave| (leave.after, leave.share)), Some((LeaveAfter::Events(3), 0.2)));
    assert_eq!(step("leave = \"500ms\"").leave.map(|leave| leave.after), Some(LeaveAfter::Time(S / 2)));
    assert!(step_problem("leave = \"3 events\"").contains("stream"));
    assert!(step_problem("retry = { backoff = \"1s\" }").contains("attempts"));
}

#[test]
fn a_value_from_the_environment_is_a_secret_except_the_address() {
    let profile = read("get = \"/\"\n[target]\nurl = \"${BASE}\"\nheaders = { authorization = \"Bearer ${TOKEN}\" }");
    assert_eq!(profile.connection.url.as_ref().unwrap().pieces, [Piece::Text("http://127.0.0.1:8080".to_owned())]);
    assert_eq!(profile.secrets.len(), 1);
    assert!(!format!("{profile:?}").contains("t0p-s3cret"));
    let defaults = read("get = \"/${EMPTY:-a}/${NONE:-b}\"");
    let revealed: Vec<String> = defaults.secrets.iter().map(|secret| secret.reveal().to_owned()).collect();
    assert_eq!(revealed, ["a", "b"]);
    let missing = problem("get = \"/x/${NONE}\"");
    assert_eq!((missing.line, missing.column), (1, 13));
    assert!(missing.message.contains("NONE is not set"), "{missing}");
}

#[test]
fn a_header_that_names_a_captured_token_goes_with_the_steps_that_have_it() {
    let profile = read(
        "[target]\nheaders = { authorization = \"Bearer {{token}}\", accept = \"*/*\" }\n[[setup]]\n[[setup.step]]\n\
         post = \"/login\"\ncapture = { token = \"$.token\" }\n[[step]]\nget = \"/a\"\n[[step]]\nget = \"/b\"\n\
         headers = { Authorization = \"none\" }",
    );
    assert_eq!(profile.connection.headers.len(), 1);
    assert!(profile.setup[0].steps[0].headers.is_empty());
    assert_eq!(profile.flows[0].steps[0].headers[0].0, "authorization");
    assert_eq!(profile.flows[0].steps[1].headers, [("authorization".to_owned(), Template::text("none"))]);
    let slip = problem("get = \"/\"\n[target]\nheaders = { authorization = \"Bearer {{token}}\" }");
    assert!(slip.message.contains("no step can fill in"), "{slip}");
}

#[test]
fn data_tenants_and_setup_are_there_for_templates() {
    let profile = read(
        "[vars]\nn = 3\nregion = \"eu\"\n[data.users]\nrows = [{ name = \"ann\", age = 4 }]\npick = \"per user\"\n\
         [[tenant]]\nname = \"a\"\nvars = { key = \"${TOKEN}\" }\n[[tenant]]\nname = \"b\"\nvars = { key = \"k\" }\n\
         [[setup]]\nrun = \"tenant\"\n[[setup.step]]\npost = \"/login/{{tenant.key}}\"\ncapture = { token = \"$.t\" }\n\
         [[step]]\npost = \"/{{users.name}}/{{tenant}}/{{token}}/{{region}}\"\njson = { n = \"{{n}}\" }\n\
         capture = { sid = \"$.id\" }\n[[step]]\nget = \"/s/{{other.sid}}\"\nexpect = [403, 404]\n",
    );
    assert_eq!((profile.data[0].pick, profile.data[0].rows[0][0].clone()), (Pick::PerUser, json!(4)));
    assert_eq!(profile.setup[0].run, SetupFor::Tenant);
    let Body::Json(JsonTemplate::Object(body)) = &profile.flows[0].steps[0].body else { panic!() };
    assert_eq!(body[0].1, JsonTemplate::Plain(json!(3)), "a number of [vars] stays one");
    assert_eq!(profile.tenants.len(), 2);
}

#[test]
fn a_variable_that_nothing_gives_is_shown_with_the_near_name() {
    let slip = problem("[[step]]\npost = \"/a\"\ncapture = { sid = \"$.id\" }\n[[step]]\nget = \"/b/{{sdi}}\"");
    assert_eq!((slip.line, slip.column), (5, 13));
    assert!(slip.message.contains("did you mean `sid`"), "{slip}");
    let late = problem("[[step]]\nget = \"/{{sid}}\"\ncapture = { sid = \"$.id\" }");
    assert!(late.message.contains("before this one"), "{late}");
    for wrong in ["{{tenant}}", "{{tenant.key}}", "{{other.sid}}", "{{users.name}}", "{{}}", "{{a b}}", "{{open"] {
        assert!(!problems(&format!("get = \"/{wrong}\"")).is_empty(), "{wrong}");
    }
}

#[test]
fn scenarios_change_the_built_in_ones_and_add_to_them() {
    let profile = read(
        "get = \"/\"\ndefault_scenario = \"mine\"\n[scenario.soak]\nusers = 20\n[scenario.mine]\nrate = \"40 turns/s\"\n\
         duration = \"10m\"\narrivals = \"even\"\nin_flight = 9\nramp_up = \"1m\"\n[scenario.staged]\n\
         stages = [{ duration = \"1m\", target = 5 }, { name = \"top\", duration = \"2m\", target = 9, ramp = \"at once\", trend = \"left out\" }]\n\
         [scenario.steps]\neach = \"30s\"\n",
    );
    let outline = |name: &str| -> Vec<(String, u64, f64)> {
        let stages = profile.scenario(name).unwrap().stages.iter();
        stages.map(|stage| (stage.name.clone(), stage.duration.as_secs(), stage.target)).collect()
    };
    assert_eq!(outline("soak"), [("ramp up".to_owned(), 30, 20.0), ("soak".to_owned(), 7170, 20.0)]);
    assert_eq!(outline("mine"), [("ramp up".to_owned(), 60, 40.0), ("mine".to_owned(), 540, 40.0)]);
    assert_eq!(profile.scenario("mine").unwrap().load, Load::Open { arrivals: Arrivals::Even, in_flight: 9 });
    assert_eq!(outline("staged"), [("stage 1".to_owned(), 60, 5.0), ("top".to_owned(), 120, 9.0)]);
    assert_eq!(profile.scenario("staged").unwrap().stages[0].ramp, Ramp::Linear);
    let trends: Vec<Trend> = profile.scenario("staged").unwrap().stages.iter().map(|stage| stage.trend).collect();
    assert_eq!(trends, [Trend::Counts, Trend::LeftOut]);
    assert_eq!(outline("steps").iter().map(|(_, seconds, _)| seconds).sum::<u64>(), 120);
    assert!(profile.scenario("soka").unwrap_err().to_string().contains("did you mean `soak`"));
}

#[test]
fn graded_objectives_take_the_one_form() {
    let profile = read(
        "get = \"/\"\nobjectives = [\"p95 < 500ms\"]\n[[objective]]\nquantity = \"p95 for turn\"\ntarget = \"100ms\"\n\
         acceptable = \"200ms\"\npoor = \"1s\"\n[[objective]]\nquantity = \"availability\"\ntarget = \"99.9%\"\n",
    );
    let texts: Vec<&str> = profile.objectives.iter().map(|objective| objective.text.as_str()).collect();
    let graded = "p95 for turn <= 100ms target, 200ms acceptable, 1s poor";
    assert_eq!(texts, ["p95 < 500ms", graded, "availability >= 99.9%"]);
}

#[test]
fn every_slip_is_told_at_its_place() {
    for (text, line, column, part) in [
        ("get = \"/\"\nhwat = 1", 2, 1, "`hwat`: no such key"),
        ("[[flow.chat]]\nget = \"/\"\nexepct = 1", 3, 1, "`[[flow.chat]] exepct`: no such key; did you mean `expect`?"),
        ("get = 1", 1, 7, "this is a number"),
        ("get = \"x\"", 1, 7, "no path"),
        ("get = \"/\"\n[target]\nurl = \"localhost\"", 3, 7, "no address"),
        ("get = \"/\"\n[target]\nurl = \"http://a:b@h\"", 3, 7, "password"),
        ("get = \"/\"\n[target]\nca = \"no.pem\"", 3, 6, "no file"),
        ("get = \"/\"\n[data.d]\nfile = \"no.csv\"", 3, 8, "cannot be opened"),
        ("get = \"/\"\nslow = \"0s\"", 2, 8, "no time at all"),
        ("get = \"/\"\nthink = \"-1s\"", 2, 9, "no time"),
        ("get = \"/\"\ndefault_scenario = \"smok\"", 2, 20, "did you mean `smoke`"),
        ("get = \"/\"\nobjectives = [\"p95\"]", 2, 15, "compares nothing"),
        ("get = \"/\"\nobjectives = [\"p95 < 1s for logn\"]", 2, 15, "there is no step `logn`"),
        ("get = \"/\"\nobjectives = [\"p95 < 1s for class x\"]", 2, 15, "there is no class `x`"),
        ("get = \"/\"\nobjectives = [\"p95 < 1s in spkie\"]", 2, 15, "did you mean `spike`"),
        ("get = \"/\"\nobjectives = [\"hits / looks > 6%\"]", 2, 15, "named in [scrape]"),
        ("[[class]]\nname = \"a\"\nflow = \"chta\"\n[[flow.chat]]\nget = \"/\"", 3, 8, "did you mean `chat`"),
        ("[[class]]\nname = \"a\"\nweight = 0\n[[flow.a]]\nget = \"/\"", 3, 10, "above 0"),
        ("[[step]]\nname = \"a\"\nget = \"/1\"\n[[step]]\nname = \"a\"\nget = \"/2\"", 4, 1, "two different requests"),
        ("[[step]]\nget = \"/\"\npost = \"/\"", 1, 1, "one request"),
        ("[[step]]\nname = \"x\"", 1, 1, "it sends nothing"),
        ("get = \"/\"\n[scenario.x]\nusers = 5", 2, 11, "`duration` is missing"),
        ("get = \"/\"\n[scenario.x]\nsteps = [10, 5]", 3, 9, "must rise"),
        ("get = \"/\"\n[scenario.heavy]\nclass = \"x\"", 3, 9, "no [[class]]"),
        ("get = \"/\"\n[scenario.soak]\nduration = \"20s\"\nramp_up = \"30s\"", 2, 11, "takes all the time"),
        ("get = \"/\"\n[[setup]]\nrun = \"tenant\"\nstep = [{ get = \"/\" }]", 3, 7, "no tenants"),
        ("get = \"/\"\n[scrape]\nurl = \"/metrics\"", 2, 1, "`series`"),
        (
            "[[class]]\nname = \"setup\"\nflow = \"a\"\n[[flow.a]]\nget = \"/\"\n[[setup]]\n[[setup.step]]\nget = \"/in\"",
            6,
            1,
            "give the class of that name another one",
        ),
        ("[[flow.setup]]\nget = \"/\"\n[[setup]]\n[[setup.step]]\nget = \"/in\"", 3, 1, "counted as the class `setup`"),
        ("flow = { a = [] }", 1, 14, "empty"),
        ("", 1, 1, "nothing is sent"),
    ] {
        let found = problem(text);
        assert!(found.message.contains(part), "{found}\n{text}");
        assert_eq!((found.line, found.column), (line, column), "{found}\n{text}");
    }
}

#[test]
fn all_slips_are_told_at_once_in_order() {
    let found = problems("abuot = \"x\"\nget = \"/{{who}}\"\nslow = 3\n[target]\nhttp = \"9\"\n");
    let lines: Vec<usize> = found.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 2, 3, 5], "{found:?}");
}

#[test]
fn a_slip_of_syntax_is_told_at_its_place() {
    let found = problem("get = \"/\"\nslow = \n");
    assert_eq!(found.line, 2, "{found}");
    assert!(!found.message.contains('\n'));
}
