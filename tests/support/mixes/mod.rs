//! Runs whose culprit is known: three kinds of request whose mix is varied in spells, as the scenario `blame` varies it, and
//! a server whose memory does this or that with them. The tests and `cargo bench --bench attribution` count who is blamed.

#[path = "../shapes/random.rs"]
#[expect(dead_code, reason = "the series need more of it")]
mod random;

use random::Random;
use soak::analysis::{Options, assess, with_attribution};
use soak::domain::attribution::{Attribution, Blame, Charge};
use soak::domain::{Role, Series, SeriesSet, Unit, Window};

pub(crate) const KIB: f64 = 1024.0;
const SECONDS: usize = 600;
const SPELL_S: usize = 10;
/// The kinds and how many of each come per second while they come.
pub(crate) const KINDS: [(&str, f64); 3] = [("search", 10.0), ("store", 5.0), ("upload", 2.0)];

/// What a server does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// What a request of each kind leaves for good, in bytes.
    pub(crate) leak: [f64; 3],
    /// What each second leaves for good, in bytes.
    pub(crate) idle: f64,
    pub(crate) noise: Noise,
}

/// What lies over the growth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noise {
    /// Independent readings.
    White,
    /// A level that wanders and comes back.
    Wandering,
    /// A level that wanders and does not.
    Drifting,
    /// A warm-up.
    Warm,
    /// The growth of time comes in pieces of any size at odd times.
    Chunks,
    /// The heap grows by whole arenas of 132 KiB.
    Arenas,
    /// While the first kind comes, more is held; it comes and goes within seconds.
    Buffers,
    /// Each of the first kind holds 4 KiB for so many seconds.
    Sessions(usize),
    /// Every request leaves 20 KiB, which a collector takes back when so many MB have come together.
    Collected(f64),
}

const fn healthy(name: &'static str, noise: Noise) -> Server {
    Server { name, leak: [0.0; 3], idle: 20e3, noise }
}

const fn leaking(name: &'static str, leak: [f64; 3], noise: Noise) -> Server {
    Server { name, leak, idle: 0.0, noise }
}

/// Servers that grow with time alone: whoever is blamed is blamed falsely.
pub(crate) const INNOCENT: [Server; 11] = [
    healthy("white noise", Noise::White),
    healthy("wandering", Noise::Wandering),
    healthy("drifting", Noise::Drifting),
    healthy("warm-up", Noise::Warm),
    healthy("pieces at odd times", Noise::Chunks),
    healthy("arenas", Noise::Arenas),
    healthy("buffers", Noise::Buffers),
    healthy("sessions of 30 s", Noise::Sessions(30)),
    healthy("sessions of 60 s", Noise::Sessions(60)),
    healthy("collected at 3 MB", Noise::Collected(3e6)),
    healthy("collected at 10 MB", Noise::Collected(10e6)),
];

/// Servers of which one kind of request, or two, is to blame.
pub(crate) const GUILTY: [Server; 9] = [
    leaking("4 KiB a search", [4.0 * KIB, 0.0, 0.0], Noise::White),
    leaking("4 KiB a store, wandering", [0.0, 4.0 * KIB, 0.0], Noise::Wandering),
    leaking("16 KiB an upload, drifting", [0.0, 0.0, 16.0 * KIB], Noise::Drifting),
    leaking("4 KiB a search, after a warm-up", [4.0 * KIB, 0.0, 0.0], Noise::Warm),
    leaking("8 KiB a store, in arenas", [0.0, 8.0 * KIB, 0.0], Noise::Arenas),
    leaking("8 KiB a store, beside buffers", [0.0, 8.0 * KIB, 0.0], Noise::Buffers),
    leaking("8 KiB a store, beside sessions", [0.0, 8.0 * KIB, 0.0], Noise::Sessions(60)),
    leaking("8 KiB a store, beside a collector", [0.0, 8.0 * KIB, 0.0], Noise::Collected(3e6)),
    leaking("4 KiB a search, 8 KiB a store", [4.0 * KIB, 8.0 * KIB, 0.0], Noise::Wandering),
];

/// How the kinds come over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    /// In spells: two of four, drawn for each kind.
    Spells,
    /// Each at its pace all the time, as independent users come.
    Natural,
}

/// A run of a server: what its windows and series say.
pub(crate) struct Run {
    pub(crate) windows: Vec<Window>,
    pub(crate) set: SeriesSet,
}

/// What an assessment says of the run.
pub(crate) fn judged(run: &Run) -> (bool, Option<Attribution>) {
    let options = Options::default();
    let assessment = with_attribution(assess(&run.set, &options), &run.windows, &run.set, &options);
    let finding = assessment.findings.into_iter().next();
    finding.map_or((false, None), |finding| (finding.verdict == soak::domain::Verdict::Growing, finding.attribution))
}

/// The steps that are blamed.
pub(crate) fn blamed(attribution: &Attribution) -> Vec<String> {
    let charged = attribution.portions.iter().filter(|portion| portion.charge == Charge::ToBlame);
    let steps = charged.flat_map(|portion| &portion.kinds).map(|kind| kind.step.clone());
    let mut steps: Vec<String> = steps.filter(|_| attribution.blame == Blame::Requests).collect();
    steps.sort();
    steps
}

/// Makes a run.
pub(crate) fn run(server: &Server, mix: Mix, seed: u64) -> Run {
    let mut random = Random::named(server.name, seed);
    let active = spells(mix, &mut random);
    let counts = requests(&active, &mut random);
    let mut so_far = [0.0_f64; 3];
    let mut memory = Memory::new(server);
    let mut values = Vec::new();
    let mut turns = Vec::new();
    for second in 0..=SECONDS {
        if second > 0 {
            (0..3).for_each(|kind| so_far[kind] += counts[second - 1][kind]);
        }
        let value = memory.reading(second, &counts, &so_far, &mut random);
        values.push((value / 4096.0).round() * 4096.0);
        turns.push(so_far.iter().sum());
    }
    Run { windows: windows(&counts), set: set(values, turns) }
}

fn spells(mix: Mix, random: &mut Random) -> Vec<[bool; 3]> {
    let count = SECONDS.div_ceil(SPELL_S);
    let mut active = vec![[true; 3]; count];
    if mix == Mix::Natural {
        return active;
    }
    for kind in 0..3 {
        for four in active.chunks_mut(4) {
            let mut left = 2;
            let size = four.len();
            for (at, spell) in four.iter_mut().enumerate() {
                spell[kind] = random.chance(f64::from(left) / (size - at).max(1) as f64);
                left -= i32::from(spell[kind]).min(left);
            }
        }
    }
    active
}

/// Requests of each kind in each second.
fn requests(active: &[[bool; 3]], random: &mut Random) -> Vec<[f64; 3]> {
    let drawn = |pace: f64, random: &mut Random| {
        let (mut count, mut at) = (0.0, random.exponential(1.0 / pace));
        while at < 1.0 {
            count += 1.0;
            at += random.exponential(1.0 / pace);
        }
        count
    };
    let second = |second: usize, random: &mut Random| {
        let spell = active[second / SPELL_S];
        std::array::from_fn(|kind| if spell[kind] { drawn(KINDS[kind].1, random) } else { 0.0 })
    };
    (0..SECONDS).map(|at| second(at, random)).collect()
}

fn windows(counts: &[[f64; 3]]) -> Vec<Window> {
    let mut windows = Vec::new();
    for (number, window) in counts.chunks(10).enumerate() {
        for (kind, (step, _)) in KINDS.iter().enumerate() {
            let requests = window.iter().map(|second| second[kind]).sum::<f64>() as u64;
            if requests > 0 {
                windows.push(Window {
                    from_s: 10.0 * number as f64,
                    to_s: 10.0 * (number + 1) as f64,
                    class: "normal".into(),
                    step: Some((*step).to_owned()),
                    requests,
                    ..Window::default()
                });
            }
        }
    }
    windows
}

fn set(values: Vec<f64>, turns: Vec<f64>) -> SeriesSet {
    let series = Series {
        name: "rss_anon".into(),
        label: "Anonymous memory".into(),
        unit: Unit::Bytes,
        role: Role::Decides,
        limit: None,
        unreadable: None,
        values,
    };
    let elapsed_s = (0..=SECONDS).map(|second| second as f64).collect();
    SeriesSet { elapsed_s, series: vec![series], turns: Some(turns), ..SeriesSet::default() }
}

/// A server's memory as it goes on.
struct Memory<'a> {
    server: &'a Server,
    wandering: f64,
    chunks: f64,
    buffers: f64,
    garbage: f64,
}

impl<'a> Memory<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, wandering: 0.0, chunks: 0.0, buffers: 0.0, garbage: 0.0 }
    }

    fn reading(&mut self, second: usize, counts: &[[f64; 3]], so_far: &[f64; 3], random: &mut Random) -> f64 {
        let time = second as f64;
        let kept: f64 = so_far.iter().zip(self.server.leak).map(|(count, leak)| count * leak).sum();
        let base = 50e6 + kept + self.server.idle * time;
        let now = second.checked_sub(1).map_or([0.0; 3], |before| counts[before]);
        let white = 6e3 * random.normal();
        match self.server.noise {
            Noise::White => base + 20e3 * random.normal(),
            Noise::Wandering => {
                self.wandering = 0.97 * self.wandering + 6e3 * random.normal();
                base + self.wandering
            }
            Noise::Drifting => {
                self.wandering += 10e3 * random.normal();
                base + self.wandering
            }
            Noise::Warm => base + 3e6 * (1.0 - (-time / 40.0).exp()) + white,
            Noise::Chunks => {
                if random.chance(1.0 / 25.0) {
                    self.chunks += random.exponential(25.0 * self.server.idle);
                }
                base - self.server.idle * time + self.chunks + white
            }
            Noise::Arenas => (base / 135_168.0).ceil() * 135_168.0 + white,
            Noise::Buffers => {
                self.buffers += (now[0].min(1.0) * 500e3 - self.buffers) / 8.0;
                base + self.buffers + white
            }
            Noise::Sessions(length) => {
                let held: f64 = counts[second.saturating_sub(length)..second].iter().map(|count| count[0]).sum();
                base + 4.0 * KIB * held + white
            }
            Noise::Collected(most) => {
                self.garbage += 20e3 * now.iter().sum::<f64>();
                if self.garbage > most * (1.0 + 0.05 * random.normal()) {
                    self.garbage = 0.0;
                }
                base + self.garbage + white
            }
        }
    }
}
