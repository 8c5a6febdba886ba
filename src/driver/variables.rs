//! What templates may name, and who knows it: the whole run, a tenant, a user, a turn.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::board::Board;
use super::fill::{self, Missing};
use super::link::Jar;
use super::options::DriverError;
use super::secrets::{Secrets, is_telling};
use crate::profile::{DataTable, Pick, Piece, Profile, Template};

/// Values by name.
pub(super) type Variables = BTreeMap<String, Value>;

/// What everybody shares.
pub(super) struct Shared {
    /// The profile's variables, filled in once.
    variables: BTreeMap<String, Fixed>,
    tenants: Vec<Tenancy>,
    tables: Vec<Table>,
    /// Captured by the setup for all.
    pub(super) all: Variables,
    /// The cookies that the setup for all was given; `None` where there was none.
    pub(super) jar: Option<Jar>,
    pub(super) board: Board,
    pub(super) secrets: Secrets,
}

/// A value that does not change during the run.
struct Fixed {
    text: String,
    is_secret: bool,
}

struct Tenancy {
    name: String,
    variables: BTreeMap<String, Fixed>,
    /// Captured by the tenant's setup.
    captured: Variables,
    /// The cookies that it was given, those of the setup for all among them; `None` where there was none.
    jar: Option<Jar>,
}

struct Table {
    table: DataTable,
    /// The next row of a sequential table.
    next: usize,
}

/// What a user knows.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    /// The user's number, from 0.
    pub(super) user: u32,
    /// The tenant's position, where there are tenants.
    pub(super) tenant: Option<usize>,
    /// Captured by the user's setup.
    pub(super) kept: Variables,
    /// Captured in this turn.
    pub(super) captured: Variables,
    /// The row of each table for this turn.
    rows: Vec<usize>,
    /// Turns begun, this one among them.
    pub(super) turn: u64,
    /// How often the step under way has been begun in a row.
    pub(super) repeat: u32,
}

impl Knowledge {
    /// What user `user` knows before its first turn.
    pub(super) fn of(user: u32, shared: &mut Shared, random: &mut Rng) -> Self {
        let tenants = shared.tenants.len();
        let tenant = (tenants > 0).then(|| user as usize % tenants);
        let mut knowledge = Self { user, tenant, ..Self::default() };
        knowledge.pick(shared, random);
        knowledge
    }

    /// What the setup of a tenant knows, or the one for all.
    pub(super) fn of_setup(tenant: Option<usize>, shared: &mut Shared, random: &mut Rng) -> Self {
        Self { tenant, ..Self::of(tenant.unwrap_or(0) as u32, shared, random) }
    }

    /// Begins a turn.
    pub(super) fn begin_turn(&mut self, shared: &mut Shared, random: &mut Rng) {
        self.captured.clear();
        // The first turn has the rows that the setup had: a user who logged in as one does not act as another.
        if self.turn > 0 {
            self.pick(shared, random);
        }
        self.turn += 1;
    }

    fn pick(&mut self, shared: &mut Shared, random: &mut Rng) {
        let user = self.user as usize;
        self.rows.clear();
        self.rows.extend(shared.tables.iter_mut().map(|Table { table, next }| {
            let count = table.rows.len().max(1);
            match table.pick {
                Pick::Random => random.usize(..count),
                Pick::PerUser => user % count,
                Pick::Sequential => {
                    let row = *next % count;
                    *next = row + 1;
                    row
                }
            }
        }));
    }

    /// Whose values these are on the board.
    pub(super) fn owner(&self) -> usize {
        self.tenant.unwrap_or(self.user as usize)
    }
}

/// A value that a template names.
pub(super) enum Found<'a> {
    Text(&'a str),
    Value(&'a Value),
    Number(u64),
}

/// A value and whether it must stand in no file.
pub(super) struct Named<'a> {
    pub(super) found: Found<'a>,
    pub(super) is_secret: bool,
}

impl<'a> Named<'a> {
    fn plain(found: Found<'a>) -> Self {
        Self { found, is_secret: false }
    }

    fn captured(name: &str, value: &'a Value) -> Self {
        Self { found: Found::Value(value), is_secret: is_telling(name) }
    }

    fn fixed(fixed: &'a Fixed) -> Self {
        Self { found: Found::Text(&fixed.text), is_secret: fixed.is_secret }
    }
}

impl Shared {
    /// What the profile says.
    ///
    /// # Errors
    /// A variable whose own template names what nobody can know yet.
    pub(super) fn new(profile: &Profile, random: &mut Rng) -> Result<Self, DriverError> {
        let mut shared = Self {
            variables: BTreeMap::new(),
            tenants: Vec::new(),
            tables: profile.data.iter().map(|table| Table { table: table.clone(), next: 0 }).collect(),
            all: Variables::new(),
            jar: None,
            board: Board::default(),
            secrets: Secrets::of(profile),
        };
        shared.variables = shared.fixed(&profile.variables, None, random)?;
        for (position, tenant) in profile.tenants.iter().enumerate() {
            let tenancy = Tenancy {
                name: tenant.name.clone(),
                variables: BTreeMap::new(),
                captured: Variables::new(),
                jar: None,
            };
            shared.tenants.push(tenancy);
            let variables = shared.fixed(&tenant.variables, Some(position), random)?;
            shared.tenants[position].variables = variables;
        }
        Ok(shared)
    }

    /// Fills in variables that may name each other, in whatever order that needs.
    fn fixed(
        &mut self,
        templates: &BTreeMap<String, Template>,
        tenant: Option<usize>,
        random: &mut Rng,
    ) -> Result<BTreeMap<String, Fixed>, DriverError> {
        let knowledge = Knowledge { tenant, ..Knowledge::default() };
        let mut open: Vec<(&String, &Template)> = templates.iter().collect();
        let mut done = BTreeMap::new();
        loop {
            let before = open.len();
            let mut missing = String::new();
            open.retain(|(name, template)| match fill::text(template, self, &knowledge, random) {
                Ok(filled) => {
                    let is_secret = !filled.hidden.is_empty() || holds_secret(template) || is_telling(name);
                    let known = if tenant.is_none() { &mut self.variables } else { &mut done };
                    known.insert((*name).clone(), Fixed { text: filled.text, is_secret });
                    false
                }
                Err(Missing::Variable(what) | Missing::Other(what)) => {
                    missing = format!("the variable `{name}` needs `{what}`, which is not known before the first turn");
                    true
                }
            });
            if open.is_empty() {
                return Ok(if tenant.is_none() { std::mem::take(&mut self.variables) } else { done });
            }
            if open.len() == before {
                return Err(DriverError::Profile(missing));
            }
        }
    }

    /// How many tenants there are.
    pub(super) fn tenants(&self) -> usize {
        self.tenants.len()
    }

    /// The name of a tenant.
    pub(super) fn tenant_name(&self, position: usize) -> &str {
        self.tenants.get(position).map_or("", |tenant| &tenant.name)
    }

    /// Keeps what the setup of a tenant captured.
    pub(super) fn keep_for_tenant(&mut self, position: usize, captured: Variables, jar: Option<Jar>) {
        if let Some(tenancy) = self.tenants.get_mut(position) {
            tenancy.captured.extend(captured);
            tenancy.jar = jar;
        }
    }

    /// The cookies that a user of this tenant begins with.
    pub(super) fn cookies(&self, tenant: Option<usize>) -> Jar {
        let own = tenant.and_then(|position| self.tenants.get(position)?.jar.as_ref());
        own.or(self.jar.as_ref()).cloned().unwrap_or_default()
    }

    /// What a name stands for: what was captured last counts, from the nearest to the farthest.
    pub(super) fn find<'a>(&'a self, name: &'a str, knowledge: &'a Knowledge) -> Option<Named<'a>> {
        let tenancy = knowledge.tenant.and_then(|position| self.tenants.get(position));
        let captured = knowledge.captured.get(name).or_else(|| knowledge.kept.get(name));
        let captured = captured.or_else(|| tenancy?.captured.get(name)).or_else(|| self.all.get(name));
        if let Some(value) = captured {
            return Some(Named::captured(name, value));
        }
        if let Some(fixed) = self.variables.get(name) {
            return Some(Named::fixed(fixed));
        }
        match name {
            "user" => return Some(Named::plain(Found::Number(u64::from(knowledge.user)))),
            "turn" => return Some(Named::plain(Found::Number(knowledge.turn))),
            "repeat" => return Some(Named::plain(Found::Number(u64::from(knowledge.repeat)))),
            "tenant" => return tenancy.map(|tenancy| Named::plain(Found::Text(&tenancy.name))),
            _ => {}
        }
        let (owner, key) = name.split_once('.')?;
        if owner == "tenant" {
            return tenancy?.variables.get(key).map(Named::fixed);
        }
        let position = self.tables.iter().position(|Table { table, .. }| table.name == owner)?;
        let table = &self.tables[position].table;
        let column = table.columns.iter().position(|column| column == key)?;
        let value = table.rows.get(*knowledge.rows.get(position)?)?.get(column)?;
        Some(Named::captured(key, value))
    }
}

fn holds_secret(template: &Template) -> bool {
    template.pieces.iter().any(|piece| matches!(piece, Piece::Secret(_)))
}
