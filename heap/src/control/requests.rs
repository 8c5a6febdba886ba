//! What each request does, and its answer.

use super::conversation::{Body, Conversation};
use super::protocol::{self, Asked, Form, PROTOCOL, Request};
use super::server::Server;
use super::tracer::{Lease, Sake, Tracer};
use crate::json::{OrNull, Text};

impl<T: Tracer> Server<T> {
    /// Answers a request.
    pub(super) fn follow(&mut self, line: &[u8], conversation: &mut Conversation) {
        let answer = protocol::read(line).and_then(|request| match request {
            Request::Hello => Ok((self.hello(), None)),
            Request::Status => Ok((self.status(), None)),
            Request::Start(asked) => self.start(asked, conversation).map(|facts| (facts, None)),
            Request::Stop => self.stop(conversation).map(|facts| (facts, None)),
            Request::Snapshot(form) => self.snapshot(form).map(|(facts, body)| (facts, Some(body))),
        });
        match answer {
            Ok((facts, body)) => conversation.answer(protocol::answer(&facts), body),
            Err(reason) => conversation.answer(protocol::refusal(&reason), None),
        }
    }

    fn hello(&self) -> String {
        let (version, engine) = (Text(env!("CARGO_PKG_VERSION")), Text(self.tracer.engine()));
        let (pid, tracing) = (self.program.pid, self.tracer.is_tracing());
        format!(r#""protocol":{PROTOCOL},"version":{version},"pid":{pid},"engine":{engine},"tracing":{tracing}"#)
    }

    fn status(&self) -> String {
        let tracing = self.tracer.is_tracing();
        let for_whom = if self.tracer.is_programs_own() { "program" } else { "socket" };
        let started_by = OrNull(tracing.then_some(Text(for_whom)));
        let periods = self.tracer.periods().filter(|_| tracing);
        let (now, longest) = (OrNull(periods.map(|(now, _)| now)), OrNull(periods.map(|(_, longest)| longest)));
        format!(r#""tracing":{tracing},"startedBy":{started_by},"periodBytes":{now},"longestPeriodBytes":{longest}"#)
    }

    fn start(&mut self, asked: Asked, conversation: &mut Conversation) -> Result<String, String> {
        let starts = !self.tracer.is_tracing();
        // An engine that writes itself refuses, rather than let a client wait for snapshots that never come.
        if starts || self.tracer.writes_itself() {
            self.tracer.start(asked, Sake::Client)?;
            self.lease = Lease::Held;
        }
        conversation.holds = true;
        Ok(format!(r#""started":{starts}"#))
    }

    fn stop(&mut self, conversation: &mut Conversation) -> Result<String, String> {
        if self.tracer.is_tracing() && self.tracer.is_programs_own() {
            return Err("the program itself started tracing, so it alone stops it".to_owned());
        }
        conversation.holds = false;
        let others = self.conversations.iter().any(|other| other.holds);
        let stops = !others && self.release();
        Ok(format!(r#""stopped":{stops}"#))
    }

    fn snapshot(&self, form: Form) -> Result<(String, Body), String> {
        let snapshot = self.tracer.snapshot()?;
        let body = Body::new(|out| match form {
            Form::Dhat => snapshot.write_dhat(&self.program, out),
            #[cfg(feature = "pprof")]
            Form::Pprof => snapshot.write_pprof(&self.program, out),
        });
        let body = body.map_err(|error| format!("the snapshot cannot be held in memory: {error}"))?;
        let (live, unwinding) = (snapshot.live(), Text(snapshot.unwinding.name()));
        let arena = OrNull(snapshot.arena.map(crate::dhat::arena));
        let (period, longest) = (snapshot.period, snapshot.longest_period);
        let (elapsed, dropped, overhead) = (snapshot.elapsed.as_micros(), snapshot.dropped, snapshot.overhead);
        let facts = format!(
            r#""elapsedUs":{elapsed},"liveBytes":{},"liveBlocks":{},"periodBytes":{period},"longestPeriodBytes":{longest},"unwinding":{unwinding},"dropped":{dropped},"overheadBytes":{overhead},"arena":{arena},"bytes":{}"#,
            live.bytes,
            live.blocks,
            body.length()
        );
        Ok((facts, body))
    }
}
