//! What the driver has under way: one future per connect, probe or close, which can be stopped.
//!
//! Rules kept here: a job ends in a value, never in silence; a probe that is stopped still hands its connection back, so that
//! it is closed and not merely dropped.

use futures::future::{AbortRegistration, Abortable, Aborted};
use pool_core::ConnId;

use crate::backend::{Backend, ConnectContext, Connected, Fault};
use crate::clock::Clock;
use crate::slots::{Label, Object};
use crate::sync::{Arc, Mutex};
use crate::turn::Shared;

/// What a job does.
pub(crate) enum Job<T> {
    Connect(ConnectContext),
    Probe(Object<T>),
    Close(T),
}

/// How a job ended.
pub(crate) enum End<B: Backend> {
    Opened {
        object: Object<B::Conn>,
        leases_max: u32,
        label: Option<Label>,
        /// Dead already: what its transport said about that came before the pool knew that it was open.
        broken: bool,
    },
    ConnectFailed {
        error: B::Error,
        fault: Fault,
    },
    /// With the connection, if it was not shared.
    Probed {
        object: Object<B::Conn>,
        fault: Option<Fault>,
    },
    Closed,
    /// With the connection, if there was one and it was not shared.
    Stopped {
        object: Object<B::Conn>,
    },
}

impl<B: Backend> End<B> {
    /// What there is to close.
    pub(crate) fn into_object(self) -> Object<B::Conn> {
        match self {
            End::Opened { object, .. } | End::Probed { object, .. } | End::Stopped { object } => object,
            End::ConnectFailed { .. } | End::Closed => Object::Out,
        }
    }
}

/// A job that has ended.
pub(crate) struct Ended<B: Backend> {
    pub(crate) conn: ConnId,
    pub(crate) end: End<B>,
}

/// Does `job`, until it is done or `stop` is pulled.
pub(crate) async fn perform<B: Backend, C: Clock>(
    shared: Arc<Shared<B, C>>,
    conn: ConnId,
    job: Job<B::Conn>,
    stop: AbortRegistration,
) -> Ended<B> {
    let end = match job {
        Job::Connect(cx) => connect(&shared.backend, cx, stop).await,
        Job::Probe(object) => probe(&shared.backend, object, stop).await,
        Job::Close(conn) => match Abortable::new(shared.backend.close(conn), stop).await {
            Ok(()) | Err(Aborted) => End::Closed,
        },
    };
    Ended { conn, end }
}

async fn connect<B: Backend>(backend: &B, cx: ConnectContext, stop: AbortRegistration) -> End<B> {
    match Abortable::new(backend.connect(cx), stop).await {
        Ok(Ok(Connected { conn, leases_max })) => {
            let (label, broken) = (backend.label(&conn), backend.is_broken(&conn));
            if backend.share(&conn).is_some() {
                End::Opened { object: Object::Shared(Arc::new(Mutex::new(conn))), leases_max, label, broken }
            } else {
                End::Opened { object: Object::Owned(conn), leases_max: 1, label, broken }
            }
        }
        Ok(Err(error)) => {
            let fault = backend.classify(&error);
            End::ConnectFailed { error, fault }
        }
        Err(Aborted) => End::Stopped { object: Object::Out },
    }
}

async fn probe<B: Backend>(backend: &B, object: Object<B::Conn>, stop: AbortRegistration) -> End<B> {
    let shared = matches!(object, Object::Shared(_));
    let Some(mut conn) = object.lend(|conn| backend.share(conn)) else {
        return End::Probed { object: Object::Out, fault: Some(Fault::broken()) };
    };
    let answer = Abortable::new(backend.probe(&mut conn), stop).await;
    let object = if shared { Object::Out } else { Object::Owned(conn) };
    match answer {
        Ok(Ok(())) => End::Probed { object, fault: None },
        Ok(Err(error)) => End::Probed { object, fault: Some(backend.classify(&error)) },
        Err(Aborted) => End::Stopped { object },
    }
}
