"""client.py PORT: four clients ask for three kinds of numbers, 400 times, each time on another connection."""
import collections
import http.client
import sys
import threading
import time

BODIES = ["2 4 4 4 5 5 7 9", "-1 0 1", "10.5"]
answers, threads, lock = collections.Counter(), set(), threading.Lock()


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
    for i in range(100):
        connection = connect()
        connection.request("POST", "/", BODIES[(client + i) % len(BODIES)])
        reply = connection.getresponse()
        text = reply.read().decode()
        with lock:
            answers[text] += 1
            threads.add(reply.getheader("x-thread"))
        connection.close()


clients = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
for c in clients:
    c.start()
for c in clients:
    c.join()
for text, count in sorted(answers.items()):
    print(count, "times", text)
print(len(threads), "threads")
