import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tidesOf } from "./tides.mjs";

const port = Number(process.env.PORT ?? 8080);
const page = await readFile(new URL("./public/index.html", import.meta.url), "utf8");

const server = createServer((request, response) => {
  if (request.url === "/tides.json") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(tidesOf(new Date())));
    return;
  }
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(page);
});

server.listen(port, () => {
  console.log(`Tides on http://localhost:${port}, process ${process.pid}`);
});
