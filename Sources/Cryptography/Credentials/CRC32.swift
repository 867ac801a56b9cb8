/// The checksum of zlib and Ethernet (ISO 3309). It finds slips of the keyboard; it is no protection against anybody.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  static func checksum(_ parts: some Collection<UInt8>, _ rest: ArraySlice<UInt8>) -> UInt32 {
    var value = UInt32.max
    for byte in parts { value = table[Int((value ^ UInt32(byte)) & 255)] ^ value >> 8 }
    for byte in rest { value = table[Int((value ^ UInt32(byte)) & 255)] ^ value >> 8 }
    return ~value
  }
}
