/**
 * Which addresses are of the open internet. A CRM's name that resolves to anything else is an attack or a mistake, and
 * the connection is refused before it is opened.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net"

const inner = new BlockList()
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4]
] as const)
  inner.addSubnet(network, bits, "ipv4")

// Of IPv6 only 2000::/3 is given out, and these parts of it carry other addresses or are for documents.
const unicast = new BlockList()
unicast.addSubnet("2000::", 3, "ipv6")
const tunnels = new BlockList()
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20]
] as const)
  tunnels.addSubnet(network, bits, "ipv6")

export const isGlobalAddress = (address: string): boolean => {
  const plain = address.split("%")[0]!
  if (isIPv4(plain)) return !inner.check(plain, "ipv4")
  return isIPv6(plain) && unicast.check(plain, "ipv6") && !tunnels.check(plain, "ipv6")
}
