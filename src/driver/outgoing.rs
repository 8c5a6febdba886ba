//! A step filled in: the request that goes out, and where to.

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue};

use super::fill::{self, Filled, Missing};
use super::ledger::Fault;
use super::link::{Link, Outgoing};
use super::script::Act;
use super::user::User;
use super::variables::{Knowledge, Shared};
use super::world::World;
use crate::profile::Body;

/// Headers that a step does not write down: type, cookies, host and name of the program.
const USUAL_HEADERS: usize = 4;

/// A request that is ready, and where it goes.
pub(super) struct Made {
    pub(super) outgoing: Outgoing,
    /// The position of the link to another host; `None` for the base.
    pub(super) elsewhere: Option<usize>,
    pub(super) url: Filled,
}

/// Why a request could not be made.
pub(super) enum Unmade {
    Skipped,
    Fault(Fault),
}

/// Fills a step in.
pub(super) fn make(world: &World, user: &mut User, act: &Act) -> Result<Made, Unmade> {
    let url = fill_in(world, user, |shared, knowledge, random| fill::text(&act.step.url, shared, knowledge, random))?;
    let elsewhere = split_whole(&url.text).map(|(origin, _)| link_to(world, user, origin)).transpose()?;
    let link = elsewhere.map_or(&user.link, |position| &user.elsewhere[position].1);
    let target = match &act.target {
        Some(target) => target.clone(),
        None => link.endpoint().target(path_of(&url.text)).map_err(|error| unmade(error.to_string()))?,
    };
    let mut headers = HeaderMap::with_capacity(act.headers.len() + USUAL_HEADERS);
    for (name, template) in &act.headers {
        let filled = fill_in(world, user, |shared, knowledge, random| fill::text(template, shared, knowledge, random))?;
        let value = HeaderValue::try_from(filled.text)
            .map_err(|_| unmade(format!("the header {name} got a value that no header can have")))?;
        headers.append(name.clone(), value);
    }
    let (body, kind) = body(world, user, act)?;
    if let Some(kind) = kind {
        headers.entry(CONTENT_TYPE).or_insert(kind);
    }
    if let Some(jar) = &mut user.jar {
        let link = elsewhere.map_or(&user.link, |position| &user.elsewhere[position].1);
        if let Some(cookies) = jar.header(link.endpoint(), target.path(), world.clock.now()) {
            headers.entry(COOKIE).or_insert(cookies);
        }
    }
    let outgoing = Outgoing { method: act.method.clone(), target, headers, body };
    Ok(Made { outgoing, elsewhere, url })
}

/// A URL without its origin.
pub(super) fn path_of(url: &str) -> &str {
    split_whole(url).map_or(url, |(_, path)| path)
}

/// A whole URL as its origin and the rest; `None` for a path, in whose query another URL may stand.
fn split_whole(url: &str) -> Option<(&str, &str)> {
    let scheme = url.find("://").filter(|end| url[..*end].bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    let host = scheme + 3;
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    Some(url.split_at(end))
}

fn fill_in<T>(
    world: &World,
    user: &mut User,
    fill: impl FnOnce(&Shared, &Knowledge, &mut fastrand::Rng) -> Result<T, Missing>,
) -> Result<T, Unmade> {
    fill(&world.shared.borrow(), &user.knowledge, &mut user.random).map_err(|missing| match missing {
        Missing::Other(_) => Unmade::Skipped,
        Missing::Variable(name) => {
            Unmade::Fault(Fault::new(format!("variable {name}"), "it has no value: no step before has captured it"))
        }
    })
}

fn unmade(story: String) -> Unmade {
    Unmade::Fault(Fault::new("request", story))
}

/// The user's link to another host.
fn link_to(world: &World, user: &mut User, origin: &str) -> Result<usize, Unmade> {
    if let Some(position) = user.elsewhere.iter().position(|(known, _)| known == origin) {
        return Ok(position);
    }
    let (endpoint, dialler) = world.way_to(origin).map_err(unmade)?;
    let link = Link::new(endpoint, dialler, world.plan.profile.connection.keep);
    user.elsewhere.push((origin.to_owned(), link));
    Ok(user.elsewhere.len() - 1)
}

/// The body and its content type.
fn body(world: &World, user: &mut User, act: &Act) -> Result<(Bytes, Option<HeaderValue>), Unmade> {
    Ok(match &act.step.body {
        Body::Empty => (Bytes::new(), None),
        Body::Json(template) => {
            let value = fill_in(world, user, |shared, known, random| fill::json(template, shared, known, random))?;
            (Bytes::from(value.to_string()), Some(HeaderValue::from_static("application/json")))
        }
        Body::Form(fields) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, template) in fields {
                let text = fill_in(world, user, |shared, known, random| fill::text(template, shared, known, random))?;
                form.append_pair(name, &text.text);
            }
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            (Bytes::from(form.finish()), Some(kind))
        }
        Body::Raw(template) => {
            let text = fill_in(world, user, |shared, known, random| fill::text(template, shared, known, random))?;
            (Bytes::from(text.text), None)
        }
    })
}
