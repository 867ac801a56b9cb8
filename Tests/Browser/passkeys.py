"""A real Chromium with a virtual authenticator against a running server.

usage: passkeys.py BASE PAGE_SOCKET OTHER_SOCKET API_KEY USERNAME PASSWORD TOKEN PROOF PROOF2

The page is served on two inherited listening sockets of 127.0.0.1, given as descriptors: the server allows the first one's origin,
and not the other's. Prints one line for each step; exits 1 where one is not as it has to be.
"""

import functools
import http.server
import pathlib
import socket
import sys
import threading

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.virtual_authenticator import Credential, VirtualAuthenticatorOptions

base, page_socket, other_socket, key, username, password, token, proof, second_proof = sys.argv[1:]


class Pages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(descriptor):
    """Answers the port."""
    handler = functools.partial(Pages, directory=str(pathlib.Path(__file__).parent))
    listening = socket.socket(fileno=int(descriptor))
    server = http.server.ThreadingHTTPServer(listening.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return listening.getsockname()[1]


def run(driver, function, *arguments):
    return driver.execute_async_script(
        f"const done = arguments[arguments.length - 1]; const rest = [...arguments].slice(0, -1);"
        f"{function}(...rest).then(done, e => done({{status: 0, body: {{code: String(e)}}}}))", *arguments)


def expect(step, answer, status, **members):
    body = answer["body"]
    wrong = {name: body.get(name) for name, value in members.items() if body.get(name) != value}
    if answer["status"] != status or wrong:
        print(f"{step}: {answer}", flush=True)
        sys.exit(1)
    print(f"{step}: {status} {body.get('code', body.get('amr', ''))}", flush=True)


def main():
    ports = serve(page_socket), serve(other_socket)
    options = Options()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        driver.set_script_timeout(60)
        steps(driver, *ports)
    finally:
        driver.quit()


def steps(driver, page_port, other_port):
    virtual = VirtualAuthenticatorOptions()
    virtual.protocol, virtual.transport = "ctap2", "internal"
    virtual.has_resident_key = virtual.has_user_verification = virtual.is_user_verified = True
    driver.get(f"http://localhost:{page_port}/page.html")
    driver.add_virtual_authenticator(virtual)

    expect("register", run(driver, "register", base, proof, token, "chromium"), 200, method="webauthn", name="chromium")
    again = run(driver, "register", base, second_proof, token, "again")
    expect("register the same authenticator", again, 0, code="InvalidStateError")
    expect("second factor", run(driver, "signIn", base, key, username, password), 200, amr=["pwd", "pop", "user", "mfa"], acr="aal2")
    expect("passwordless", run(driver, "signInAlone", base, key), 200, amr=["pop", "user", "mfa"], acr="aal2")

    # The same key under a smaller counter, as a copy of the authenticator would have it.
    made = driver.get_credentials()[0]
    handle = made.user_handle
    counter = made.sign_count
    driver.remove_all_credentials()
    for count, status in [(0, 401), (counter + 10, 200)]:
        driver.add_credential(Credential.create_resident_credential(made_id(made), "localhost", handle_bytes(handle), decoded(made.private_key), count))
        answer = run(driver, "signInAlone", base, key)
        expect(f"counter from {count}, after {counter}", answer, status, **({"code": "invalid_credentials"} if status == 401 else {}))
        driver.remove_all_credentials()

    # The same relying party, but a page that the server does not know.
    driver.get(f"http://localhost:{other_port}/page.html")
    driver.add_credential(
        Credential.create_resident_credential(made_id(made), "localhost", handle_bytes(handle), decoded(made.private_key), counter + 100))
    expect("wrong origin", run(driver, "signInAlone", base, key), 401, code="invalid_credentials")


def decoded(text):
    from base64 import urlsafe_b64decode
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def made_id(credential):
    return decoded(credential.id) if isinstance(credential.id, str) else credential.id


def handle_bytes(handle):
    return decoded(handle) if isinstance(handle, str) else handle


main()
