//! Checks that every variable that a template asks for can be there when it is asked, and that no name is given twice.

use std::collections::BTreeSet;

use crate::profile::error::{did_you_mean, nearest};
use crate::profile::model::{DataTable, Need, SetupFor, Tenant};
use crate::profile::template::{Piece, Template};

use super::actors::{ReadFlow, ReadSetup};
use super::reader::{Reader, Use, Wanted};
use super::step::ReadStep;

/// Names that templates give a meaning of their own.
const RESERVED: [&str; 6] = ["user", "turn", "repeat", "tenant", "random", "other"];

/// The names that hold for everybody.
pub(super) struct Names<'p> {
    pub(super) variables: BTreeSet<String>,
    pub(super) data: &'p [DataTable],
    pub(super) tenants: &'p [Tenant],
}

/// What templates may name at one place.
type Scope = BTreeSet<String>;

impl Names<'_> {
    /// What everybody may name: variables and rows.
    fn shared(&self) -> Scope {
        let columns = self
            .data
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| format!("{}.{column}", table.name)));
        self.variables.iter().cloned().chain(columns).collect()
    }

    fn tenant(&self) -> Scope {
        let keys = self.tenants.first().into_iter().flat_map(|tenant| tenant.variables.keys());
        let name = self.tenants.first().map(|_| "tenant".to_owned());
        keys.map(|key| format!("tenant.{key}")).chain(name).collect()
    }

    /// Checks every template of all steps, and hands each step the headers of the target that it can fill in.
    pub(super) fn check(
        &self,
        reader: &mut Reader<'_>,
        headers: Headers,
        setups: &mut [ReadSetup],
        flows: &mut [ReadFlow],
    ) {
        self.check_reserved(reader);
        self.check_captures(reader, setups, flows);
        let captured: Scope = captures(setups.iter().flat_map(|setup| &setup.steps))
            .chain(captures(flows.iter().flat_map(|flow| &flow.steps)))
            .collect();
        let mut headers = Spread { headers, sent: BTreeSet::new() };
        let mut once = self.shared();
        once.insert("repeat".to_owned());
        self.check_setups(reader, SetupFor::All, &mut once, setups, &captured, &mut headers);
        let mut tenant: Scope = once.union(&self.tenant()).cloned().collect();
        self.check_setups(reader, SetupFor::Tenant, &mut tenant, setups, &captured, &mut headers);
        let mut user = tenant;
        user.insert("user".to_owned());
        self.check_setups(reader, SetupFor::User, &mut user, setups, &captured, &mut headers);
        user.insert("turn".to_owned());
        for flow in &mut *flows {
            self.check_steps(reader, &mut user.clone(), &mut flow.steps, &captured, &mut headers);
        }
        weigh_need(setups, flows);
        headers.check_all_sent(reader, &captured);
    }

    fn check_setups(
        &self,
        reader: &mut Reader<'_>,
        run: SetupFor,
        scope: &mut Scope,
        setups: &mut [ReadSetup],
        captured: &Scope,
        headers: &mut Spread,
    ) {
        for setup in setups.iter_mut().filter(|setup| setup.run == run) {
            self.check_steps(reader, scope, &mut setup.steps, captured, headers);
        }
    }

    /// Checks steps in order; what each captures is there for the next.
    fn check_steps(
        &self,
        reader: &mut Reader<'_>,
        scope: &mut Scope,
        steps: &mut [ReadStep],
        captured: &Scope,
        headers: &mut Spread,
    ) {
        for read in steps {
            for used in &read.uses {
                self.check_use(reader, used, scope, captured);
            }
            headers.give(read, scope);
            scope.extend(read.step.captures.iter().map(|(name, _)| name.clone()));
        }
    }

    fn check_use(&self, reader: &mut Reader<'_>, used: &Use, scope: &Scope, captured: &Scope) {
        match &used.variable {
            Wanted::Variable(name) if scope.contains(name) => {}
            Wanted::Variable(name) if captured.contains(name) => {
                reader.problem(used.at, format!("`{{{{{name}}}}}` is captured, but by no step before this one"));
            }
            Wanted::Variable(name) => {
                let near = nearest(name, scope.iter().map(String::as_str));
                let hint = match near {
                    Some(_) => did_you_mean(near),
                    None if name == "tenant" || name.starts_with("tenant.") => {
                        "; tenants come from [[tenant]] tables, and only their users and set-up have one".to_owned()
                    }
                    None => "; it is captured by no step, and is no variable of [vars] or [data]".to_owned(),
                };
                reader.problem(used.at, format!("`{{{{{name}}}}}` is unknown here{hint}"));
            }
            Wanted::Other(name) => {
                if self.tenants.len() < 2 {
                    let message = format!("`{{{{other.{name}}}}}` is another tenant's; it needs two [[tenant]] tables");
                    reader.problem(used.at, message);
                }
                if !captured.contains(name) {
                    let near = nearest(name, captured.iter().map(String::as_str));
                    let message = format!("`{{{{other.{name}}}}}`: no step captures `{name}`{}", did_you_mean(near));
                    reader.problem(used.at, message);
                }
            }
        }
    }

    fn check_reserved(&self, reader: &mut Reader<'_>) {
        let tables = self.data.iter().map(|table| table.name.as_str());
        for name in self.variables.iter().map(String::as_str).chain(tables) {
            if RESERVED.contains(&name) {
                reader.problem(0, format!("`{name}` has a meaning of its own in templates; call it otherwise"));
            }
        }
    }

    fn check_captures(&self, reader: &mut Reader<'_>, setups: &[ReadSetup], flows: &[ReadFlow]) {
        let steps = setups.iter().flat_map(|setup| &setup.steps).chain(flows.iter().flat_map(|flow| &flow.steps));
        for read in steps {
            for (name, _) in &read.step.captures {
                if RESERVED.contains(&name.as_str()) || self.variables.contains(name) {
                    let message = format!(
                        "`{}` captures `{name}`, which has a meaning already; call it otherwise",
                        read.step.name
                    );
                    reader.problem(read.at, message);
                }
            }
        }
    }
}

/// Which steps of the flows a turn can be done without: those that change nothing and of which nothing is used later, be it in
/// the same turn or by another tenant.
fn weigh_need(setups: &[ReadSetup], flows: &mut [ReadFlow]) {
    const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
    let setup = setups.iter().flat_map(|setup| &setup.steps);
    let all = setup.chain(flows.iter().flat_map(|flow| &flow.steps)).flat_map(|read| &read.uses);
    let others: BTreeSet<String> = all
        .filter_map(|used| if let Wanted::Other(name) = &used.variable { Some(name.clone()) } else { None })
        .collect();
    for flow in flows {
        for at in 0..flow.steps.len() {
            let later = || flow.steps[at + 1..].iter();
            let is_named = |name: &String| {
                let wanted = Wanted::Variable(name.clone());
                // A header of the target is given to a step where it is known what it names.
                let in_header = |read: &ReadStep| read.step.headers.iter().any(|(_, value)| names(value, name));
                others.contains(name)
                    || later().any(|read| read.uses.iter().any(|used| used.variable == wanted) || in_header(read))
            };
            let step = &flow.steps[at].step;
            let is_free = SAFE.contains(&step.method.as_str()) && !step.captures.iter().any(|(name, _)| is_named(name));
            flow.steps[at].step.need = if is_free { Need::Free } else { Need::Needed };
        }
    }
}

fn names(template: &Template, name: &str) -> bool {
    template.pieces.iter().any(|piece| matches!(piece, Piece::Variable(variable) if variable == name))
}

fn captures<'s>(steps: impl Iterator<Item = &'s ReadStep>) -> impl Iterator<Item = String> {
    steps.flat_map(|read| read.step.captures.iter().map(|(name, _)| name.clone()))
}

/// Headers of `[target]` that name variables, and the variables with their places.
pub(super) struct Headers {
    pub(super) headers: Vec<(String, Template)>,
    pub(super) uses: Vec<Use>,
}

/// Gives each step those headers of the target whose variables are there: a token that set-up captures goes with every
/// step after it, and not with the log-in itself.
struct Spread {
    headers: Headers,
    sent: BTreeSet<String>,
}

impl Spread {
    fn give(&mut self, read: &mut ReadStep, scope: &Scope) {
        for (name, value) in &self.headers.headers {
            let known = value.pieces.iter().all(|piece| match piece {
                Piece::Variable(variable) => scope.contains(variable),
                Piece::Other(_) => false,
                _ => true,
            });
            if known {
                self.sent.insert(name.clone());
                if !read.step.headers.iter().any(|(own, _)| own == name) {
                    read.step.headers.push((name.clone(), value.clone()));
                }
            }
        }
    }

    /// A header that no step could send is a slip.
    fn check_all_sent(&self, reader: &mut Reader<'_>, captured: &Scope) {
        if self.headers.headers.iter().all(|(name, _)| self.sent.contains(name)) {
            return;
        }
        for used in &self.headers.uses {
            let (Wanted::Variable(name) | Wanted::Other(name)) = &used.variable;
            let near = nearest(name, captured.iter().map(String::as_str)).filter(|near| near != name);
            reader.problem(used.at, format!("`{{{{{name}}}}}`: no step can fill in this header{}", did_you_mean(near)));
        }
    }
}
