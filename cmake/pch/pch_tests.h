#pragma once
// Precompiled for tests: the product's header and the test libraries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "pch.h"
