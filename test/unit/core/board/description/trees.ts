import type { DeviceNode } from '@core/board/description/deviceTree'

/** A board with U-Boot in supervisor mode, as `fdt print /` shows it. */
export const visionFive = `/ {
	compatible = "starfive,visionfive-v2", "starfive,jh7110";
	#address-cells = <0x00000002>;
	#size-cells = <0x00000002>;
	model = "StarFive VisionFive V2";
	aliases {
		serial0 = "/soc/serial@10000000";
	};
	chosen {
		stdout-path = "/soc/serial@10000000:115200";
	};
	cpus {
		#address-cells = <0x00000001>;
		#size-cells = <0x00000000>;
		timebase-frequency = <0x003d0900>;
		cpu@0 {
			device_type = "cpu";
			reg = <0x00000000>;
			status = "disabled";
			riscv,isa = "rv64imac";
		};
		cpu@1 {
			device_type = "cpu";
			reg = <0x00000001>;
			clock-frequency = <0x59682f00>;
			riscv,isa = "rv64imac";
			interrupt-controller {
				#interrupt-cells = <0x00000001>;
			};
		};
	};
	memory@40000000 {
		device_type = "memory";
		reg = <0x00000000 0x40000000 0x00000001 0x00000000>;
	};
	reserved-memory {
		#address-cells = <0x00000002>;
		#size-cells = <0x00000002>;
		ranges;
		mmode@40800000 {
			reg = <0x00000000 0x40800000 0x00000000 0x00400000>;
			no-map;
		};
	};
	soc {
		#address-cells = <0x00000002>;
		#size-cells = <0x00000002>;
		ranges;
		serial@10000000 {
			compatible = "snps,dw-apb-uart";
			reg = <0x00000000 0x10000000 0x00000000 0x00010000>;
			reg-io-width = <0x00000004>;
			reg-shift = <0x00000002>;
			local-mac-address = [6c cf 39 00 00 01];
		};
	};
};
`

/** A flattened device tree of version 17, written from the specification's chapter 5 alone. */
export function blobOf(root: DeviceNode): Uint8Array {
  const strings: string[] = []
  const words: number[] = []
  const text = (value: string): void => padded([...Buffer.from(value, 'latin1'), 0])
  const padded = (bytes: number[]): void => {
    const whole = [...bytes, 0, 0, 0].slice(0, Math.ceil(bytes.length / 4) * 4)
    for (let at = 0; at < whole.length; at += 4)
      words.push(Buffer.from(whole.slice(at, at + 4)).readUInt32BE())
  }
  const offsetOf = (name: string): number => {
    if (!strings.includes(name)) strings.push(name)
    return strings.slice(0, strings.indexOf(name)).reduce((sum, one) => sum + one.length + 1, 0)
  }
  const write = (node: DeviceNode): void => {
    words.push(1)
    text(node.name)
    for (const [name, value] of node.properties) {
      words.push(3, value.length, offsetOf(name))
      padded([...value])
    }
    words.push(4)
    node.children.forEach(write)
    words.push(2)
  }
  write(root)
  words.push(9)
  const names = Buffer.from(strings.map((name) => `${name}\0`).join(''), 'latin1')
  const header = 40 + 16
  const total = header + 4 * words.length + names.length
  const blob = Buffer.alloc(total)
  const fields = [
    0xd00dfeed,
    total,
    header,
    header + 4 * words.length,
    40,
    17,
    16,
    0,
    names.length,
    4 * words.length
  ]
  for (const [index, field] of fields.entries()) blob.writeUInt32BE(field, 4 * index)
  for (const [index, word] of words.entries()) blob.writeUInt32BE(word, header + 4 * index)
  names.copy(blob, header + 4 * words.length)
  return new Uint8Array(blob)
}
