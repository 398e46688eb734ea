// Runs inside the machine: registers as polkit's agent of a session, over the system's bus, and stays. It asks nobody.
import { connect } from "node:net";

const [session = ""] = process.argv.slice(2);
const bus = connect("/run/dbus/system_bus_socket");

/** D-Bus's marshalling, as far as two calls take it: each value at a multiple of its size, little-endian. */
class Marshal {
  #parts = [];
  #length = 0;
  align(size) {
    return this.bytes(Buffer.alloc((size - (this.#length % size)) % size));
  }
  bytes(buffer) {
    this.#parts.push(buffer);
    this.#length += buffer.length;
    return this;
  }
  number(value) {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    return this.align(4).bytes(word);
  }
  string(text) {
    return this.number(Buffer.byteLength(text)).bytes(Buffer.from(`${text}\0`));
  }
  signature(text) {
    return this.bytes(Buffer.from([text.length])).bytes(Buffer.from(`${text}\0`));
  }
  get buffer() {
    return Buffer.concat(this.#parts);
  }
}

/** Codes and types of header fields: the D-Bus specification, "Header Fields". */
const fieldTypes = { path: [1, "o"], interface: [2, "s"], member: [3, "s"], destination: [6, "s"] };

let serial = 0;
function call(names, signature, body) {
  const fields = new Marshal();
  for (const [name, value] of Object.entries(names)) {
    const [code, type] = fieldTypes[name];
    fields
      .align(8)
      .bytes(Buffer.from([code]))
      .signature(type)
      .string(value);
  }
  if (signature)
    fields
      .align(8)
      .bytes(Buffer.from([8]))
      .signature("g")
      .signature(signature);
  serial += 1;
  const head = new Marshal().bytes(Buffer.from([0x6c, 1, 0, 1]));
  head.number(body.length).number(serial).number(fields.buffer.length).bytes(fields.buffer);
  bus.write(Buffer.concat([head.align(8).buffer, body]));
}

bus.write(`\0AUTH EXTERNAL ${Buffer.from(`${process.getuid()}`).toString("hex")}\r\n`);
bus.once("data", () => {
  bus.write("BEGIN\r\n");
  const driver = "org.freedesktop.DBus";
  const hello = {
    path: "/org/freedesktop/DBus",
    interface: driver,
    member: "Hello",
    destination: driver,
  };
  call(hello, "", Buffer.alloc(0));
  const details = new Marshal().align(8).string("session-id").signature("s").string(session).buffer;
  const body = new Marshal().string("unix-session").number(details.length).align(8).bytes(details);
  const polkit = "org.freedesktop.PolicyKit1";
  const registration = {
    path: `/${polkit.replaceAll(".", "/")}/Authority`,
    interface: `${polkit}.Authority`,
    member: "RegisterAuthenticationAgent",
    destination: polkit,
  };
  call(registration, "(sa{sv})ss", body.string("C").string("/test/agent").buffer);
  setTimeout(() => process.stdout.write("registered\n"), 500);
});
