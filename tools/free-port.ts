import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port on which nothing listens: the first one from `wanted` on, or any when `wanted` is 0. */
export async function findFreePort(wanted = 0): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) {
    const found = await probe(port, '127.0.0.1');
    // A browser may take localhost for either address.
    if (found !== undefined && (wanted === 0 || (await probe(found, '::1')) !== undefined)) return found;
  }
  throw new Error(`none of the ports ${wanted} to ${wanted + 99} is free`);
}

/** The port, or undefined when somebody listens there. */
async function probe(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host, ipv6Only: true });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    // A machine without IPv6 has nobody listening there.
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? undefined : port;
  } finally {
    server.close();
  }
}
