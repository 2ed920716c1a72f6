// The programs that the bench compares with: `answerer floor`, `answerer floor CERTIFICATE KEY` (over TLS), and
// `answerer null`, a server that holds nothing.  Each runs until it is ended.
#include <cstdio>
#include <string_view>

#include "bench/answerer/event_loop.h"
#include "bench/answerer/floor.h"
#include "bench/answerer/null_upstream.h"

int main(int count, char** words) {
  using namespace respgate::bench;
  const std::string_view kind = count > 1 ? words[1] : "";
  if (kind == "floor" && count == 2) {
    Floor<PlainWire>::Shared shared({});
    serve<Floor<PlainWire>>(shared);
  }
  if (kind == "floor" && count == 4) {
    const TlsWire::Settings settings = TlsWire::load(words[2], words[3]);
    if (!settings) return 1;
    Floor<TlsWire>::Shared shared(settings);
    serve<Floor<TlsWire>>(shared);
  }
  if (kind == "null" && count == 2) {
    NullUpstream::Shared shared;
    serve<NullUpstream>(shared);
  }
  std::fputs("usage: answerer floor [CERTIFICATE KEY] | null\n", stderr);
  return 2;
}
