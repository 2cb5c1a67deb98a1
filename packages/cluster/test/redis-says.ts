import { once } from 'node:events';
import { connect } from 'node:net';

/** Logs in with a URL, says one inline command, and returns all that Redis answered. */
export async function redisSays(url: string, command: string): Promise<string> {
  const { hostname, port, username, password } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.write(`AUTH ${username} ${password}\r\n${command}\r\nQUIT\r\n`);
  await once(socket, 'close');
  return answer;
}
