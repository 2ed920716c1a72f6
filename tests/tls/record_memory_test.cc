#include "tls/record_memory.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

namespace respgate::tls::record_memory {
namespace {

constexpr std::size_t kBuffer = 16'712, kNote = 40;  // what OpenSSL 3.0 asks for

// In a thread of its own, which keeps nothing yet.
template <typename Do>
void in_a_thread(Do what) {
  std::thread(what).join();
}

void* written(std::size_t size, int byte) {
  void* const block = take(size);
  return block != nullptr ? std::memset(block, byte, size) : nullptr;
}

bool is_all(const void* block, int byte, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (static_cast<const unsigned char*>(block)[i] != byte) return false;
  }
  return true;
}

TEST(RecordMemoryTest, WhatWasGivenBackIsHandedOutAgainTheLastFirst) {
  in_a_thread([] {
    for (const std::size_t size : {kBuffer, kNote}) {
      void* const first = written(size, 1);
      void* const second = written(size, 2);
      EXPECT_NE(first, second);
      give_back(first);
      give_back(second);
      EXPECT_EQ(take(size), second);
      EXPECT_EQ(take(size), first);
      give_back(first);
      give_back(second);
    }
    EXPECT_EQ(kept().buffers, 2u);
    EXPECT_EQ(kept().notes, 2u);
  });
}

TEST(RecordMemoryTest, ABufferThatIsReadIntoServesForWriting) {
  in_a_thread([] {
    void* const block = written(16'584, 1);
    give_back(block);
    void* const larger = written(17'408, 2);
    EXPECT_EQ(larger, block);
    EXPECT_TRUE(is_all(larger, 2, 17'408));
    give_back(larger);
  });
}

TEST(RecordMemoryTest, NothingElseIsKept) {
  in_a_thread([] {
    for (const std::size_t size : {1u, 24u, 100u, 960u, 16'384u, 18'000u, 100'000u, 1'000'000u}) give_back(written(size, 1));
    give_back(nullptr);
    EXPECT_EQ(kept().buffers, 0u);
    EXPECT_EQ(kept().notes, 0u);
  });
}

TEST(RecordMemoryTest, NoMoreIsKeptThanAHandful) {
  in_a_thread([] {
    std::array<void*, 64> blocks;
    for (const std::size_t size : {kBuffer, kNote}) {
      for (void*& block : blocks) block = written(size, 1);
      for (void* const block : blocks) give_back(block);
    }
    EXPECT_EQ(kept().buffers, kMostBuffers);
    EXPECT_EQ(kept().notes, kMostNotes);
  });
}

TEST(RecordMemoryTest, NothingIsNoBlock) { EXPECT_EQ(take(0), nullptr); }

TEST(RecordMemoryTest, WhatIsInABlockIsStillThereWhenItGrowsOrShrinks) {
  in_a_thread([] {
    constexpr std::array kSizes{1u, 24u, 25u, 40u, 41u, 1'000u, 16'384u, 16'385u, 17'408u, 17'409u, 200'000u};
    for (const std::size_t from : kSizes) {
      for (const std::size_t to : kSizes) {
        void* const block = resize(written(from, 7), to);
        ASSERT_NE(block, nullptr);
        EXPECT_TRUE(is_all(block, 7, std::min(from, to))) << from << " to " << to;
        std::memset(block, 8, to);
        give_back(block);
      }
    }
    void* const fresh = resize(nullptr, kNote);
    EXPECT_TRUE(is_all(std::memset(fresh, 1, kNote), 1, kNote));
    EXPECT_EQ(resize(fresh, 0), nullptr);
    EXPECT_EQ(take(kNote), fresh);
    give_back(fresh);
  });
}

TEST(RecordMemoryTest, WhatAnotherThreadTookMayBeGivenBackHere) {
  in_a_thread([] {
    void* block = nullptr;
    in_a_thread([&] { block = written(kBuffer, 1); });
    give_back(block);
    EXPECT_EQ(take(kBuffer), block);
    give_back(block);
  });
}

std::size_t bytes_in_use() { return ::mallinfo2().uordblks; }

// Under a sanitizer mallinfo2() knows nothing, and its own report at the end tells of what is left.
TEST(RecordMemoryTest, AThreadThatEndsKeepsNothing) {
  const std::size_t before = bytes_in_use();
  in_a_thread([&] {
    std::array<void*, kMostBuffers> blocks;
    for (void*& block : blocks) block = written(kBuffer, 1);
    for (void* const block : blocks) give_back(block);
    EXPECT_EQ(kept().buffers, kMostBuffers);
    EXPECT_TRUE(before == 0 || bytes_in_use() >= before + kMostBuffers * kBuffer);
  });
  EXPECT_LT(bytes_in_use(), before + kBuffer);
}

// As OpenSSL's own memory of a thread is given back: after all that C++ does at its end.
TEST(RecordMemoryTest, WhatIsGivenBackAfterAThreadsEndIsNotKept) {
  static pthread_key_t key;
  static bool is_empty = false;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void* block) {
                                 give_back(block);
                                 is_empty = kept().buffers == 0;
                               }),
            0);
  in_a_thread([] {
    give_back(written(kBuffer, 1));
    pthread_setspecific(key, take(kBuffer));
    give_back(written(kBuffer, 1));
    EXPECT_EQ(kept().buffers, 1u);
  });
  EXPECT_TRUE(is_empty);
  pthread_key_delete(key);
}

using RecordMemoryDeathTest = ::testing::TestWithParam<std::size_t>;

TEST_P(RecordMemoryDeathTest, WhatIsKeptMayNotBeGivenBack) {
  void* const block = written(GetParam(), 1);
  void* const other = written(GetParam(), 1);
  EXPECT_DEATH(
      {
        give_back(block);
        give_back(other);
        give_back(block);
      },
      "memory that it has given back");
  give_back(block);
  give_back(other);
}

TEST_P(RecordMemoryDeathTest, NorGrow) {
  void* const block = written(GetParam(), 1);
  EXPECT_DEATH(
      {
        give_back(block);
        resize(block, 100'000);
      },
      "memory that it has given back");
  give_back(block);
}

TEST_P(RecordMemoryDeathTest, NotEvenWhenThereAreEnough) {
  std::array<void*, 64> blocks;
  for (void*& block : blocks) block = written(GetParam(), 1);
  EXPECT_DEATH(
      {
        for (void* const block : blocks) give_back(block);
        give_back(blocks[0]);
      },
      "memory that it has given back");
  for (void* const block : blocks) give_back(block);
}

INSTANTIATE_TEST_SUITE_P(BufferAndNote, RecordMemoryDeathTest, ::testing::Values(kBuffer, kNote));

}  // namespace
}  // namespace respgate::tls::record_memory
