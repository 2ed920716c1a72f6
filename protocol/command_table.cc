#include "protocol/command_table.h"

#include <algorithm>
#include <array>

#include "protocol/command_notation.h"
#include "protocol/reply_notation.h"
#include "protocol/text.h"

namespace respgate::protocol {
namespace {

using notation::Row;
using enum Dispatch;
constexpr bool k7 = true;
constexpr bool kLater = false;

constexpr Row kRows[] = {
#include "protocol/command_table.inc"
};
constexpr std::size_t kCommandCount = std::size(kRows);
static_assert(kCommandCount <= kMaxCommands);
static_assert(std::ranges::is_sorted(kRows, {}, &Row::name));

// What COMMAND says beside a few key specs.
struct KeyNote {
  std::string_view command;
  std::size_t spec;
  std::string_view text;
};
constexpr std::string_view kWorstWrite = "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE";
constexpr std::string_view kWorstRead = "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS";
constexpr std::string_view kByAndGet =
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort";
constexpr KeyNote kKeyNotes[] = {
    {"bitfield", 0, "This command allows both access and modification of the key"},
    {"eval", 0, kWorstWrite},
    {"eval_ro", 0, kWorstRead},
    {"fcall", 0, kWorstWrite},
    {"fcall_ro", 0, kWorstRead},
    {"getex", 0, "RW and UPDATE because it changes the TTL"},
    {"pfcount", 0, "RW because it may change the internal representation of the key, and propagate to replicas"},
    {"set", 0, "RW and ACCESS due to the optional `GET` argument"},
    {"sort", 1, kByAndGet},
    {"sort", 2, "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array"},
    {"sort_ro", 1, kByAndGet},
    {"xadd", 0, "UPDATE instead of INSERT because of the optional trimming feature"},
};

consteval std::string_view note_of(std::string_view command, std::size_t spec) {
  for (const KeyNote& note : kKeyNotes) {
    if (note.command == command && note.spec == spec) return note.text;
  }
  return {};
}

consteval std::size_t total_key_specs() {
  std::size_t total = 0;
  for (const Row& row : kRows) total += notation::count_key_specs(row.touches);
  return total;
}

consteval auto read_all_key_specs() {
  std::array<KeySpec, total_key_specs()> all{};
  std::size_t next = 0;
  for (const Row& row : kRows) {
    std::string_view touches = row.touches;
    for (std::size_t nth = 0; !touches.empty();) {
      const std::string_view clause = notation::take(touches, "; ");
      if (clause.find('@') == std::string_view::npos) continue;
      all[next] = notation::read_key_spec(clause);
      all[next++].notes = note_of(row.name, nth++);
    }
  }
  return all;
}
constexpr auto kKeySpecs = read_all_key_specs();

consteval CommandFlags read_flags(std::string_view words) {
  CommandFlags flags = 0;
  while (!words.empty()) {
    const std::string_view word = notation::take(words, " ");
    const auto* found = std::ranges::find(kFlagWords, word, &FlagWord::word);
    notation::require(found != std::end(kFlagWords), "no such flag");
    flags |= found->flag;
  }
  return flags;
}

// Columns that take much reading are read by themselves: a compiler bounds the steps of one constant.
consteval auto read_all_flags() {
  std::array<CommandFlags, kCommandCount> all{};
  for (std::size_t id = 0; id < kCommandCount; ++id) all[id] = read_flags(kRows[id].flags);
  return all;
}
constexpr auto kFlags = read_all_flags();

consteval auto read_all_answers() {
  std::array<ReplyShape, kCommandCount> all{};
  for (std::size_t id = 0; id < kCommandCount; ++id) all[id] = notation::read_answers(kRows[id].answers);
  return all;
}
constexpr auto kReplyShapes = read_all_answers();

consteval Categories read_categories(std::string_view words, CommandFlags flags) {
  Categories all = 0;
  while (!words.empty()) {
    const std::string_view word = notation::take(words, " ");
    const auto* found = std::ranges::find(kCategoryNames, word);
    notation::require(found != std::end(kCategoryNames), "no such category");
    all |= bit(static_cast<Category>(found - kCategoryNames));
  }
  if (flags & flag::kWrite) all |= bit(Category::kWrite);
  if ((flags & flag::kReadOnly) && !(all & bit(Category::kScripting))) all |= bit(Category::kRead);
  if (flags & flag::kAdmin) all |= bit(Category::kAdmin) | bit(Category::kDangerous);
  if (flags & flag::kPubSub) all |= bit(Category::kPubSub);
  if (flags & flag::kBlocking) all |= bit(Category::kBlocking);
  return all | bit(flags & flag::kFast ? Category::kFast : Category::kSlow);
}

// The three numbers by which older clients find keys, worked out of the key specs
// as the server does: those of the plain ranges that follow one another.
consteval void derive_legacy_triple(CommandSpec& spec) {
  const auto is_plain = [](const KeySpec& key) { return key.begin == KeySpec::Begin::kIndex && key.find == KeySpec::Find::kRange; };
  const auto last_of = [](const KeySpec& key) -> std::int16_t {
    return key.last_key < 0 ? key.last_key : static_cast<std::int16_t>(key.index + key.last_key);
  };
  if (spec.keys.size() == 1 && is_plain(spec.keys[0])) {
    spec.first_key = spec.keys[0].index;
    spec.last_key = last_of(spec.keys[0]);
    spec.key_step = spec.keys[0].key_step;
    return;
  }
  for (const KeySpec& key : spec.keys) {
    if (!is_plain(key) || key.key_step != 1 || (spec.last_key != 0 && spec.last_key != key.index - 1)) continue;
    if (spec.first_key == 0) spec.first_key = key.index;
    spec.last_key = last_of(key);
    spec.key_step = 1;
  }
}

// Which databases it touches, unless its row says so: the selected one, if it touches keys at all.
consteval DatabaseScope default_scope(const CommandSpec& spec) {
  const bool names_keys = std::ranges::any_of(spec.keys, [](const KeySpec& key) { return !key.not_key; });
  const bool works_on_keyspace = spec.has(flag::kReadOnly | flag::kWrite) && spec.in(Category::kKeyspace);
  return names_keys || works_on_keyspace ? DatabaseScope::kCurrent : DatabaseScope::kNone;
}

// Specs that depend on nothing but the number of arguments find their keys in every request of fitting arity.
consteval bool specs_always_work(const CommandSpec& spec) {
  return std::ranges::all_of(spec.keys, [](const KeySpec& key) {
    return key.begin == KeySpec::Begin::kIndex && key.find == KeySpec::Find::kRange && !key.incomplete;
  });
}

// Is its first argument a key in every request of fitting arity, and is there nothing else that it touches?
consteval bool names_one_key(const CommandSpec& spec) {
  if (spec.keys.size() != 1 || spec.key_function != KeyFunction::kNone || spec.reach != Reach::kNamed) return false;
  const KeySpec& key = spec.keys[0];
  const bool is_plain = key.begin == KeySpec::Begin::kIndex && key.find == KeySpec::Find::kRange && !key.incomplete && !key.not_key;
  const bool has_argument = spec.arity >= 2 || spec.arity <= -2;
  return is_plain && has_argument && key.index == 1 && key.last_key == 0 && spec.channels.mode == ChannelSpec::Mode::kNone &&
         spec.databases.count == 0 && !spec.databases.by_option;
}

consteval CommandSpec read_row(const Row& row, std::size_t id, std::span<const KeySpec> keys) {
  CommandSpec spec;
  spec.name = row.name;
  spec.id = static_cast<CommandId>(id);
  spec.arity = row.arity;
  spec.flags = kFlags[id];
  spec.categories = read_categories(row.categories, spec.flags);
  spec.keys = keys;
  spec.databases.scope = default_scope(spec);
  notation::read_touches(row.touches, spec);
  notation::require(specs_always_work(spec) || spec.key_function != KeyFunction::kNone,
                    "a function must find its keys when the specs fail");
  spec.names_one_key = names_one_key(spec);
  spec.dispatch = row.dispatch;
  spec.reply = kReplyShapes[id];
  derive_legacy_triple(spec);
  spec.tips = row.tips;
  spec.in_redis_7_0 = row.in_redis_7_0;
  return spec;
}

consteval void link_containers(std::span<CommandSpec> all) {
  for (CommandSpec& spec : all) {
    const std::size_t bar = spec.name.find('|');
    if (bar == std::string_view::npos) continue;
    const std::string_view name = spec.name.substr(0, bar);
    const auto container = std::ranges::lower_bound(all, name, {}, &CommandSpec::name);
    notation::require(container != all.end() && container->name == name, "a subcommand without its container");
    container->is_container = true;
    spec.container = container->id;
  }
}

consteval auto read_all_rows() {
  std::array<CommandSpec, kCommandCount> all{};
  std::size_t next_key = 0;
  for (std::size_t id = 0; id < kCommandCount; ++id) {
    const std::size_t keys = notation::count_key_specs(kRows[id].touches);
    all[id] = read_row(kRows[id], id, std::span<const KeySpec>(kKeySpecs).subspan(next_key, keys));
    next_key += keys;
  }
  link_containers(all);
  return all;
}
constexpr auto kCommands = read_all_rows();

consteval std::size_t longest_word() {
  std::size_t longest = 0;
  for (const Row& row : kRows) longest = std::max(longest, row.name.size() - (row.name.find('|') + 1));
  return longest;
}
constexpr std::size_t kLongestWord = longest_word();

// Commands and subcommands share one open-addressed table.  Its hash looks at the
// length, the four letters at either end and the one in the middle; with these multipliers
// seven of eight are found at the first probe and none needs more than five.
constexpr unsigned kSlotBits = 11;
using Slots = std::array<CommandId, std::size_t{1} << kSlotBits>;

// In lower case, where they are letters.  (Compilers make one load of it.)
constexpr std::uint64_t four_letters(std::string_view word, std::size_t at) {
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(word[at + i])} << (8 * i); };
  return (byte(0) | byte(1) | byte(2) | byte(3)) | 0x20202020u;
}

// REQUIRES: !word.empty().  `container` is kNoCommand for a first word.
constexpr std::size_t slot_of_word(CommandId container, std::string_view word) {
  const std::size_t n = word.size();
  const auto letter = [word](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(word[i]) | 0x20u); };
  const std::uint64_t ends = n >= 4 ? four_letters(word, 0) | four_letters(word, n - 4) << 32 : letter(0) | letter(n - 1) << 32;
  const std::uint64_t rest = letter(n / 2) << 24 | std::uint64_t{n} << 16 | static_cast<CommandId>(container + 1);
  return static_cast<std::size_t>(((ends * 0x9e3779b97f4a7c15u ^ rest) * 0xd6e8feb86659fd93u) >> (64 - kSlotBits));
}

// Behind its container's name.
constexpr std::string_view last_word(const CommandSpec& spec) {
  return spec.container == kNoCommand ? spec.name : spec.name.substr(kRows[spec.container].name.size() + 1);
}

consteval Slots fill_slots() {
  Slots slots{};
  slots.fill(kNoCommand);
  for (const CommandSpec& spec : kCommands) {
    std::size_t slot = slot_of_word(spec.container, last_word(spec));
    while (slots[slot] != kNoCommand) slot = (slot + 1) % slots.size();
    slots[slot] = spec.id;
  }
  return slots;
}
constexpr Slots kSlots = fill_slots();

bool is_spelled(std::string_view word, std::string_view lower_case) {
  if (word.size() != lower_case.size()) return false;
  const char* expected = lower_case.data();
  for (const char c : word) {
    if (fold(c) != *expected++) return false;
  }
  return true;
}

const CommandSpec* find_word(CommandId container, std::string_view word) {
  if (word.empty() || word.size() > kLongestWord) return nullptr;
  for (std::size_t slot = slot_of_word(container, word);; slot = (slot + 1) % kSlots.size()) {
    if (kSlots[slot] == kNoCommand) return nullptr;
    const CommandSpec& spec = kCommands[kSlots[slot]];
    if (spec.container == container && is_spelled(word, last_word(spec))) return &spec;
  }
}

}  // namespace

std::string_view dispatch_name(Dispatch dispatch) {
  constexpr std::string_view kNames[] = {"forwarded", "local", "pinned", "refused"};
  return kNames[static_cast<std::size_t>(dispatch)];
}

CommandLookup find_command(Args args) {
  using enum CommandLookup::Status;
  if (args.empty()) return {};
  const CommandSpec* spec = find_word(kNoCommand, args[0]);
  if (spec == nullptr) return {};
  if (!spec->is_container || args.size() < 2) return {kFound, spec};
  const CommandSpec* subcommand = find_word(spec->id, args[1]);
  if (subcommand == nullptr) return {kUnknownSubcommand, spec};
  return {kFound, subcommand};
}

const CommandSpec* find_command_by_name(std::string_view full_name) {
  const std::size_t bar = full_name.find('|');
  const CommandSpec* spec = find_word(kNoCommand, full_name.substr(0, bar));
  if (spec == nullptr || bar == std::string_view::npos) return spec;
  return find_word(spec->id, full_name.substr(bar + 1));
}

const CommandSpec& command(CommandId id) { return kCommands[id]; }

std::span<const CommandSpec> all_commands() { return kCommands; }

std::span<const CommandSpec> subcommands(const CommandSpec& container) {
  // They share the prefix "container|", so they stand together.
  const auto first = std::ranges::find(kCommands, container.id, &CommandSpec::container);
  const auto end = std::find_if(first, kCommands.end(), [&](const CommandSpec& spec) { return spec.container != container.id; });
  return {first, end};
}

}  // namespace respgate::protocol
