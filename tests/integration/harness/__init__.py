"""What every integration test starts from: real processes, raw bytes, and what can be seen from outside.

resp         RESP2 and RESP3 as typed values, and a client that writes bytes exactly as told
processes    redis-server and respgate as children in a temporary directory
observation  /metrics, the admin port, audit lines, the memory of a process
pki          certificates, and clients that speak TLS
node         npm's clients, where there are any
scripted     a fake server that answers as a test says

A test waits for a condition with a deadline, never for a time.
"""
