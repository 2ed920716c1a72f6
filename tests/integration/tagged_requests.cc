#include "tests/integration/tagged_requests.h"

#include "tests/integration/resp_connection.h"

namespace respgate::test {
namespace {

using protocol::RespVersion;

std::string bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }
std::string integer(std::uint64_t value) { return ":" + std::to_string(value) + "\r\n"; }
std::string error(const std::string& text) { return "-" + text + "\r\n"; }

Expected only(std::string wire) { return {{std::move(wire)}, {}, true, 0}; }
Expected or_after_outage(std::string wire, std::string otherwise) { return {{std::move(wire)}, {std::move(otherwise)}, true, 0}; }
// Answered by the proxy itself: no outage excuses an error.
Expected local(std::string wire) { return {{std::move(wire)}, {}, false, 0}; }

const char* const kNoKey = "NOPERM this user has no permissions to access one of the keys used as arguments";

}  // namespace

void TaggedRequests::add(std::string& wire, std::deque<Expected>& expected, const std::vector<std::string>& words, Expected answer) const {
  append_request(wire, words);
  expected.push_back(std::move(answer));
}

void TaggedRequests::append_login(std::string& wire, std::deque<Expected>& expected) const {
  // RESP3's HELLO has no answer known by its bytes, so it comes after a login and in front of an ECHO that is.
  add(wire, expected, {"AUTH", user_, user_ + "-secret"}, local("+OK\r\n"));
  if (version_ == RespVersion::kResp3) add(wire, expected, {"HELLO", "3"}, Expected{{}, {}, false, 0});
  add(wire, expected, {"ECHO", prefix_}, local(bulk(prefix_)));
}

void TaggedRequests::append_string_unit(Random& random, std::string& wire, std::deque<Expected>& expected) {
  const std::string key = next_key();
  std::string value = "<" + key + ">" + std::string(below(random, 200), 'v');
  add(wire, expected, {"SET", key, value}, only("+OK\r\n"));
  for (std::size_t n = below(random, 4); n > 0; --n) {
    switch (below(random, 5)) {
      case 0: add(wire, expected, {"GET", key}, or_after_outage(bulk(value), null())); break;
      case 1: add(wire, expected, {"STRLEN", key}, or_after_outage(integer(value.size()), ":0\r\n")); break;
      case 2:
        add(wire, expected, {"MGET", key, prefix_ + "none", key},
            or_after_outage("*3\r\n" + bulk(value) + null() + bulk(value), "*3\r\n" + null() + null() + null()));
        break;
      case 3: add(wire, expected, {"GETRANGE", key, "0", "-1"}, or_after_outage(bulk(value), bulk(""))); break;
      default: {
        const std::uint64_t nonce = tag_ * 100000 + serial_++;
        const std::string number = prefix_ + "n" + std::to_string(nonce);
        add(wire, expected, {"INCRBY", number, std::to_string(nonce)}, only(integer(nonce)));
        add(wire, expected, {"DEL", number}, or_after_outage(":1\r\n", ":0\r\n"));
        break;
      }
    }
  }
  // The server's own error belongs to its asker, too.
  if (chance(random, 0.1)) {
    add(wire, expected, {"LPUSH", key, "x"},
        or_after_outage(error("WRONGTYPE Operation against a key holding the wrong kind of value"), ":1\r\n"));
  }
  add(wire, expected, {"DEL", key}, or_after_outage(":1\r\n", ":0\r\n"));
}

void TaggedRequests::append_collection_unit(Random& random, std::string& wire, std::deque<Expected>& expected) {
  const std::string key = next_key();
  const std::string value = "<" + key + ">";
  const bool resp3 = version_ == RespVersion::kResp3;
  if (chance(random, 0.5)) {
    add(wire, expected, {"HSET", key, "tag", value}, only(":1\r\n"));
    add(wire, expected, {"HGETALL", key},
        or_after_outage((resp3 ? "%1\r\n" : "*2\r\n") + bulk("tag") + bulk(value), resp3 ? "%0\r\n" : "*0\r\n"));
  } else {
    add(wire, expected, {"SADD", key, value}, only(":1\r\n"));
    add(wire, expected, {"SMEMBERS", key}, or_after_outage((resp3 ? "~1\r\n" : "*1\r\n") + bulk(value), resp3 ? "~0\r\n" : "*0\r\n"));
  }
  add(wire, expected, {"DEL", key}, or_after_outage(":1\r\n", ":0\r\n"));
}

void TaggedRequests::append_huge_unit(Random& random, std::string& wire, std::deque<Expected>& expected) {
  const std::string key = next_key();
  std::string value = "<" + key + ">";
  const std::size_t size = (std::size_t{1} << 20) + below(random, std::size_t{3} << 20);
  value.reserve(size + key.size());
  while (value.size() < size) value += key;
  add(wire, expected, {"SET", key, value}, only("+OK\r\n"));
  add(wire, expected, {"GET", key}, or_after_outage(bulk(value), null()));
  add(wire, expected, {"DEL", key}, or_after_outage(":1\r\n", ":0\r\n"));
}

void TaggedRequests::append_refused(Random& random, std::string& wire, std::deque<Expected>& expected) const {
  const std::string foreign = "somebody-elses:" + std::to_string(tag_);
  switch (below(random, 7)) {
    case 0: add(wire, expected, {"GET", foreign}, local(error(kNoKey))); break;
    case 1: add(wire, expected, {"MGET", prefix_ + "own", foreign}, local(error(kNoKey))); break;
    case 2: add(wire, expected, {"FLUSHALL"}, local(error("NOPERM this user has no permissions to run the 'flushall' command"))); break;
    case 3:
      add(wire, expected, {"NOSUCH", prefix_}, local(error("ERR unknown command 'NOSUCH', with args beginning with: '" + prefix_ + "' ")));
      break;
    case 4: add(wire, expected, {"GET"}, local(error("ERR wrong number of arguments for 'get' command"))); break;
    case 5:
      add(wire, expected, {"PUBLISH", foreign, "x"},
          local(error("NOPERM this user has no permissions to access one of the channels "
                      "used as arguments")));
      break;
    default:
      if (chance(random, 0.97)) {
        // By the proxy, too, but for who has a lane of its own just then, as behind a large value: the node answers that.
        add(wire, expected, {"ECHO", prefix_}, only(bulk(prefix_)));
      } else {
        add(wire, expected, {"APPEND", foreign, std::string((1 << 20) + below(random, 2 << 20), 'x')}, local(error(kNoKey)));
      }
  }
}

void TaggedRequests::append_unit(Random& random, std::string& wire, std::deque<Expected>& expected) {
  const std::size_t roll = below(random, 1000);
  if (roll < 1 && chance(random, 0.5)) return append_huge_unit(random, wire, expected);
  if (roll < 250) return append_refused(random, wire, expected);
  if (roll < 500) return append_collection_unit(random, wire, expected);
  append_string_unit(random, wire, expected);
}

void TaggedRequests::append_malformed(Random& random, std::string& wire, std::deque<Expected>& expected) {
  switch (below(random, 4)) {
    case 0:
      wire += "*01\r\n$4\r\nPING\r\n";
      expected.push_back(local(error("ERR Protocol error: invalid multibulk length")));
      break;
    case 1:
      wire += "*2\r\n$3\r\nGET\r\n:1\r\n";
      expected.push_back(local(error("ERR Protocol error: expected '$', got ':'")));
      break;
    case 2:
      wire += "*2\r\n$3\r\nGET\r\n$-5\r\n";
      expected.push_back(local(error("ERR Protocol error: invalid bulk length")));
      break;
    default: wire += "GET \"open\r\n"; expected.push_back(local(error("ERR Protocol error: unbalanced quotes in request")));
  }
}

}  // namespace respgate::test
