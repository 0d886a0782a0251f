//! The admin panel on a socket of smol's.

use pool_smol::monitor::{Monitor, Panel, serve};
use pool_smol::{SmolClock, SurfBackend};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use supabase_sim::Simulator;

use crate::support::*;

/// What `socket` answers to a request of one line.
async fn ask(socket: &mut TcpStream, line: &str) -> String {
    let request = format!("{line} HTTP/1.1\r\nhost: panel\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = socket.read(&mut piece).await.unwrap();
        assert!(count > 0, "the socket was closed: {}", String::from_utf8_lossy(&answer));
        answer.extend(&piece[..count]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if line.starts_with("HEAD ") || body.len() == length.parse::<usize>().unwrap() {
            return text.into_owned();
        }
    }
}

#[test]
fn the_panel_is_served_to_several_on_kept_sockets_and_is_no_reason_to_stay_open() {
    let sim = start(Simulator::builder());
    smol::block_on(within(async {
        let pool = SurfBackend::new(towards(&sim)).unwrap().open(at_most(2)).unwrap();
        let monitor = Monitor::builder().interval(SHORT).build();
        monitor.watch("main", &pool).unwrap();
        let looking = smol::spawn(monitor.run(SmolClock::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let serving = smol::spawn(serve(Panel::new(monitor.clone()), listener));

        let (mut one, mut other) =
            (TcpStream::connect(place).await.unwrap(), TcpStream::connect(place).await.unwrap());
        let lease = pool.acquire().await.unwrap();
        for socket in [&mut one, &mut other] {
            let metrics = ask(socket, "GET /metrics").await;
            assert!(
                metrics.contains("pool_leases{db_client_connection_pool_name=\"main\"} 1.0\n"),
                "{metrics}"
            );
            assert!(metrics.ends_with("# EOF\n"));
            assert!(ask(socket, "HEAD /").await.starts_with("HTTP/1.1 200 OK\r\n"));
            let refused = ask(socket, "POST /api/pools/main/suspend").await;
            assert!(
                refused.starts_with("HTTP/1.1 403 ") && refused.contains("token for operators"),
                "{refused}"
            );
        }
        let watcher = pool.watcher();
        drop((lease, pool));
        watcher.closed().await;
        let health = ask(&mut one, "GET /health").await;
        assert!(health.starts_with("HTTP/1.1 503 ") && health.contains("main: closed"), "{health}");
        drop(serving);
        drop(monitor);
        looking.await;
    }));
}
