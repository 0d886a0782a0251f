//! The pool without any runtime: sockets of the standard library, callers that block, one thread for the pool.
//!
//! The protocol is a line in, the same line in capitals out. The server, in threads of this program, hangs up on whoever says `quit`.
//!
//! ```sh
//! cargo run -p examples --features transports --bin plain_threads
//! ```

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pool_async::blocking::Pool;
use pool_async::pool_core::{Config, FaultClass, Reuse, Safety, Sent};
use pool_async::{AcquireOptions, Backend, ConnectContext, Connected, Fault};

/// How long an answer may take. Without such a limit on its sockets, a peer that says nothing would block a caller for ever.
const PATIENCE: Duration = Duration::from_secs(5);

struct Lines(SocketAddr);

struct Socket {
    reader: BufReader<TcpStream>,
}

impl Socket {
    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.reader.get_mut().write_all(format!("{line}\n").as_bytes())?;
        let mut answer = String::new();
        if self.reader.read_line(&mut answer)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Backend for Lines {
    type Conn = Socket;
    type Error = io::Error;

    async fn connect(&self, cx: ConnectContext) -> io::Result<Connected<Socket>> {
        let stream = TcpStream::connect_timeout(&self.0, cx.timeout)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connected::exclusive(Socket { reader: BufReader::new(stream) }))
    }

    async fn probe(&self, socket: &mut Socket) -> io::Result<()> {
        socket.ask("ping").map(drop)
    }

    /// Between two requests nothing may be there to read: neither the end of the stream, nor an answer that nobody waits for.
    fn is_broken(&self, socket: &Socket) -> bool {
        let stream = socket.reader.get_ref();
        let silent = || {
            stream.set_nonblocking(true)?;
            let peeked = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            peeked
        };
        !matches!(silent(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    async fn close(&self, socket: Socket) {
        drop(socket);
    }

    fn classify(&self, error: &io::Error) -> Fault {
        if error.kind() == ErrorKind::ConnectionRefused {
            return Fault::new(FaultClass::Endpoint, Reuse::Discard).sent(Sent::No);
        }
        Fault::broken()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let config =
        Config { min_connections: 1, max_connections: 3, waiters_max: Some(50), ..Config::default() };
    let pool = Pool::open(Lines(serve()?), config)?;
    thread::scope(|scope| {
        let ask = |n: u32| pool.execute(Safety::Safe, |socket| socket.ask(&format!("caller {n}")));
        let callers: Vec<_> = (0..50).map(|n| (n, scope.spawn(move || ask(n)))).collect();
        for (n, caller) in callers {
            let answer = caller.join().map_err(|_| "a caller panicked")??;
            assert_eq!(answer, format!("CALLER {n}"));
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    let opened = pool.pool().stats().opened;
    println!("50 threads at once were served over {opened} connections, of 3 allowed");
    assert!(opened <= 3);

    let gone = pool.execute(Safety::Unsafe, |socket| socket.ask("quit"));
    println!("the server hung up on a caller: {}", gone.err().ok_or("it did not")?);
    println!("the next one did not notice: {}", pool.execute(Safety::Safe, |socket| socket.ask("hello"))?);

    let leases = [pool.get()?, pool.get()?, pool.get()?];
    let hasty = AcquireOptions { timeout: Some(Duration::from_millis(20)), ..AcquireOptions::default() };
    let late = pool.get_with(hasty).err().ok_or("there were only three")?;
    println!("a fourth caller did not wait longer than it said: {}", late.is_timeout());
    drop(leases);

    // Returns when every connection is closed and the thread has ended.
    drop(pool);
    println!("the pool is gone, and its thread with it");
    Ok(())
}

/// The other side.
fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer(&stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        stream.write_all(format!("{}\n", line.to_uppercase()).as_bytes())?;
    }
    Ok(())
}
