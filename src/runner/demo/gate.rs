//! What every request passes: it is counted, and the faults that strike any request wait here.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connection::Cut;
use super::fault::Fault;
use super::problem::Problem;
use super::state::{Arrived, Demo, lock};

/// The share of requests that `errors` and `flaky` strike: beyond the 5 % that the loosest profile allows.
const STRUCK: f64 = 0.08;
/// What these two spare: the pages of those who watch, and the logins that a whole run may hang on.
const SPARED: [&str; 3] = ["/health", "/metrics", "/login"];
/// Steps of two sequences that spread evenly, and so do their parts: whichever flow of requests comes by, each of its
/// steps is struck alike. See Kuipers and Niederreiter, Uniform Distribution of Sequences (1974), chapter 1.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
const SILVER: f64 = 0.414_213_562_373_095_03;

pub(super) async fn pass(State(demo): State<Arc<Demo>>, mut request: Request, next: Next) -> Response {
    let _open = demo.in_flight.open();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    request.extensions_mut().insert(Arrived(Instant::now()));
    let wear = demo.wear();
    if !wear.is_zero() {
        tokio::time::sleep(wear).await;
    }
    let number = if SPARED.contains(&route) { None } else { Some(demo.number_of_request()) };
    let strikes = |fault, step| demo.faults.has(fault) && number.is_some_and(|number| is_struck(number, step));
    let response = if strikes(Fault::Flaky, SILVER)
        && let Some(ConnectInfo(cut)) = request.extensions().get::<ConnectInfo<Cut>>()
    {
        cut.now();
        // Nothing of it is sent: writing it finds the connection cut.
        return StatusCode::NO_CONTENT.into_response();
    } else if strikes(Fault::Errors, GOLDEN) {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong in the server").into_response()
    } else {
        next.run(request).await
    };
    lock(&demo.ledger).count(route, response.status().as_u16());
    response
}

fn is_struck(number: u64, step: f64) -> bool {
    (number as f64 * step).fract() < STRUCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_struck_is_even_over_time_and_over_the_steps_of_any_flow() {
        for step in [GOLDEN, SILVER] {
            for (from, stride) in [(1, 1), (5_000_000, 1), (3, 4), (1, 5), (2, 12), (7, 20)] {
                let struck = (0..1000).filter(|k| is_struck(from + stride * k, step)).count();
                assert!((75..=85).contains(&struck), "{struck} from {from} by {stride}");
            }
        }
    }
}
