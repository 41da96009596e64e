"""The gunicorn worker: a WSGI server whose threads never wait for a client.

What each piece is for, which rule asks for it, and the test that holds it (tests/contract/server, tests/unit/server).
docs/ARCHITECTURE.md, 'Connections', says what a connection waits for, who holds what meanwhile, and what ends it.

| piece | what for | asked for by | held by |
|---|---|---|---|
| worker | gunicorn's arbiter and signals, one event loop | README: SIGTERM loses nothing | test_signals |
| settings | gunicorn's settings that are not honoured | no silent downgrade from TLS | test_settings |
| limits | all timeouts and sizes | docs/ARCHITECTURE.md | test_gathering |
| open_files | RLIMIT_NOFILE fits `server.max_connections` | docs/configuration.md | test_settings |
| event_loop | epoll, calls from threads | threads are for work | test_connections |
| thread_pool | bulkheads: ordinary, long bodies, logins | `server.body_threads` | test_bulkheads |
| acceptor, accept_balance | even shares among workers | rates | test_balance |
| connection, connections, waiting | heads, keep-alive, eviction | `server.max_connections` | test_connections |
| routes | which paths are logins and uploads | their limits | test_bulkheads |
| incoming_body, gathering | small bodies before a thread is taken | threads are for work | test_gathering |
| request_body, client_socket | `wsgi.input` with deadlines, 100 Continue | RFC 9110, 10.1.1 | test_bodies |
| framing, chunked | where a body ends | RFC 9112, 6 and 7.1 | test_chunked |
| serving | the application is called, the next request taken at once | PEP 3333; rates | test_life |
| response, pipe | sendmsg, sendfile, splice; a short body closes | RFC 9112, 8; rates | test_sending |
| parking | slow readers hold no thread; 60 s without a byte | downloads to slow fleets | test_sending |
| lingering | the status reaches a client that still sends | RFC 9112, 9.6 | test_early_refusals |
| refusals | problem+json where the application is not called | RFC 9457 | test_refused_heads |
"""
