"""client.py PORT: 10,000 bodies of 2 to 8,000 numbers over five connections at a time; NumPy checks what
comes back. The memory of the workers is read after a third of the requests and at the end."""
import http.client
import sys
import threading
import time

import numpy as np

REQUESTS, CLIENTS, ALLOWED = 10000, 5, 1 << 20
right, wrong, workers, early, lock = 0, 0, set(), {}, threading.Lock()


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def connect():
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
            connection.connect()
            return connection
        except ConnectionRefusedError:
            time.sleep(0.05)
    sys.exit("nobody listens")


def ask(client):
    global right, wrong
    draw, connection = np.random.default_rng(client), connect()
    for i in range(REQUESTS // CLIENTS):
        x = draw.normal(draw.uniform(-5, 5), draw.uniform(0.5, 4), draw.integers(2, 8001)).astype(np.float32)
        connection.request("POST", "/", x.tobytes())
        reply = connection.getresponse()
        out = np.frombuffer(reply.read(), np.float32)
        wide = x.astype(np.float64)
        well = reply.status == 200 and out.shape == x.shape and np.allclose(
            out, (wide - wide.mean()) / wide.std(), rtol=1e-6, atol=1e-6)
        with lock:
            right, wrong = right + well, wrong + (not well)
            workers.add(int(reply.getheader("x-worker", 0)))
            if right + wrong == REQUESTS // 3:
                early.update((pid, memory(pid)) for pid in workers)
        if reply.will_close:
            connection.close()
            connection = connect()
    connection.close()


clients = [threading.Thread(target=ask, args=(i,)) for i in range(CLIENTS)]
for c in clients:
    c.start()
for c in clients:
    c.join()
growth = {pid: memory(pid) - early[pid] for pid in early}
print(f"{right} answers right, {wrong} wrong")
print(len(workers), "workers")
print("memory of", len(growth), "workers flat:", all(g < ALLOWED for g in growth.values()))
print("bytes after a third, and more at the end:", [(early[p], growth[p]) for p in growth], file=sys.stderr)
